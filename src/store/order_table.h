#pragma once

#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "store/list.h"
#include "store/store.h"

/// Deliveries that keep the order of their resource: those of one webhook and one resource form a
/// queue, by the transaction that wrote them and then by their id, and only the first of them is
/// attempted. A delivery leaves when it is final; one that failed for good and is held stays, as
/// the first. What is not first and was read as due is parked: due at limits::parked_due, until it
/// is the first (decisions/0035).
///
/// In every committed state no pending delivery that is the first of its queue is parked. On
/// PostgreSQL, where transactions run side by side, each that parks writes the first one's row,
/// which each that lets it leave deletes, so that one of them runs again.
namespace postrider::store::order_table {

/// A delivery in a queue.
struct Member {
    RealmId realm;
    WebhookId webhook;
    ResourceId resource;
    DeliveryId delivery;
};

/// They are the last of their queues, in this order. Requires: their deliveries are written in this
/// transaction, with `ordered`.
Result<void> enter(Transaction& tx, std::span<const Member> members);

/// One that ended, with whether it failed for good.
struct Ended {
    Member member;
    bool has_failed = false;
};
/// They leave, and who comes next may go, but for those that failed and whose webhook asks to hold
/// their resources. Returns whose lanes have something due by it; `overflowing` takes the webhooks
/// that hold limits::held_resources_max, and skipped what they would have held.
using Lanes = std::set<std::pair<RealmId, WebhookId>>;
Result<Lanes> end(Transaction& tx, std::span<const Ended> ended, Lanes* overflowing = nullptr);
/// The same of deliveries that may be in a queue.
Result<Lanes> end(Transaction& tx, const RealmId& realm, std::span<const DeliveryId> deliveries,
                  bool has_failed);

/// A delivery whose turn it is not, and the first of its queue.
struct Blocked {
    DeliveryId delivery;
    DeliveryId first;
};
/// Parks those that still wait for the same first one. Returns whether it were all.
Result<bool> park(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                  std::span<const Blocked> blocked);

/// The first of its queue that it waits for; nullopt: it is in none, or the first itself.
Result<std::optional<DeliveryId>> blocked_by(sql::Connection& sql, const RealmId& realm,
                                             const DeliveryId& delivery);

/// A resource that is held.
struct Held {
    ResourceId resource;
    DeliveryId delivery;  ///< that failed for good
    Timestamp since;
};
/// Descending by resource.
Result<List<Held>> held(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                        std::optional<ResourceId> before, std::size_t limit);
Result<std::optional<Held>> find_held(sql::Connection& sql, const RealmId& realm,
                                      const WebhookId& webhook, const ResourceId& resource);
/// It is held no longer, and stays the first. Returns whether it was held.
Result<bool> resume(Transaction& tx, const RealmId& realm, const DeliveryId& delivery);
/// What is held goes, so that what is told of this resource comes next.
Result<void> skip_held(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                       const ResourceId& resource);

/// The webhook is gone.
Result<void> forget(Transaction& tx, const RealmId& realm, const WebhookId& webhook);
/// Those of a realm's webhooks whose deliveries keep the order.
Result<std::set<WebhookId>> webhooks(sql::Connection& sql, const RealmId& realm);
/// Rows of another store: their transactions come before all of this one.
Result<void> come_first(sql::Connection& sql);

}  // namespace postrider::store::order_table
