#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/rows.h"
#include "store/store.h"

/// Every statement of SQL that reads or writes a table, by table. Reads take a connection (of a
/// snapshot, or of a transaction, to see its changes), writes a transaction.
/// Lists are newest first; `before` is the id of the last item of the page before.
namespace postrider::store {

namespace state_table {
/// Small values of the whole store by name; nullopt when there is none.
Result<std::optional<std::string>> get(sql::Connection& sql, std::string_view name);
Result<void> put(Transaction& tx, std::string_view name, std::string_view value);
}  // namespace state_table

namespace realms_table {
Result<std::optional<RealmRow>> find(sql::Connection& sql, const RealmId& id);
Result<std::optional<RealmRow>> find_by_name(sql::Connection& sql, std::string_view name);
Result<std::vector<RealmRow>> list(sql::Connection& sql, std::optional<RealmId> before,
                                   std::size_t limit);
Result<void> insert(Transaction& tx, const RealmRow& row);
Result<void> update(Transaction& tx, const RealmRow& row);
Result<std::int64_t> config_version(sql::Connection& sql, const RealmId& id);
/// Tells every matcher, on every node, to reload.
Result<void> raise_config_version(Transaction& tx, const RealmId& id);
}  // namespace realms_table

namespace api_keys_table {
Result<std::vector<ApiKeyRow>> all(sql::Connection& sql);
/// Inserts or replaces the key of that realm and id.
Result<void> put(Transaction& tx, const ApiKeyRow& row);
}  // namespace api_keys_table

namespace event_types_table {
Result<std::optional<EventTypeRow>> find(sql::Connection& sql, const RealmId& realm,
                                         std::string_view name);
/// All of them, by name (limits::event_types_per_realm_max).
Result<std::vector<EventTypeRow>> all(sql::Connection& sql, const RealmId& realm);
/// Their names alone, for the matcher.
Result<std::vector<std::string>> names(sql::Connection& sql, const RealmId& realm);
Result<void> insert(Transaction& tx, const EventTypeRow& row);
Result<void> update(Transaction& tx, const EventTypeRow& row);
Result<void> remove(Transaction& tx, const RealmId& realm, std::string_view name);
}  // namespace event_types_table

namespace webhooks_table {
/// Tombstones are found too: look at `deleted_at`.
Result<std::optional<WebhookRow>> find(sql::Connection& sql, const RealmId& realm,
                                       const WebhookId& id);
/// Without tombstones.
Result<std::vector<WebhookRow>> list(sql::Connection& sql, const RealmId& realm,
                                     std::optional<WebhookId> before, std::size_t limit);
/// Of every realm, tombstones too, in no order: for the engine's start and for re-sealing.
Result<std::vector<WebhookRow>> all(sql::Connection& sql);
Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm);
Result<void> insert(Transaction& tx, const WebhookRow& row);
Result<void> update(Transaction& tx, const WebhookRow& row);
/// Removes the row of a tombstone, its versions and its health.
Result<void> purge(Transaction& tx, const RealmId& realm, const WebhookId& id);

/// What the matcher needs of the enabled webhooks of a realm.
struct Subscription {
    WebhookId webhook;
    std::string events;  ///< JSON array
};
Result<std::vector<Subscription>> subscriptions(sql::Connection& sql, const RealmId& realm);
}  // namespace webhooks_table

namespace webhook_versions_table {
Result<void> append(Transaction& tx, const WebhookVersionRow& row);
/// The version that held when the event with this id was accepted; nullopt before the first.
Result<std::optional<WebhookVersionRow>> at(sql::Connection& sql, const RealmId& realm,
                                            const WebhookId& webhook, const Uuid& event);
/// Oldest first.
Result<std::vector<WebhookVersionRow>> all(sql::Connection& sql, const RealmId& realm,
                                           const WebhookId& webhook);
}  // namespace webhook_versions_table

namespace webhook_health_table {
Result<std::optional<WebhookHealthRow>> find(sql::Connection& sql, const RealmId& realm,
                                             const WebhookId& webhook);
Result<std::vector<WebhookHealthRow>> all(sql::Connection& sql);
Result<void> put(Transaction& tx, const WebhookHealthRow& row);
Result<void> clear(Transaction& tx, const RealmId& realm, const WebhookId& webhook);
/// The time that the server was down does not count.
Result<void> shift_all(Transaction& tx, Duration by);
}  // namespace webhook_health_table

struct EventFilter {
    std::string type;  ///< exact, "prefix.*", or "" for any
    std::optional<ResourceId> resource_id;
    std::optional<Timestamp> since;  ///< by accepted_at, inclusive
    std::optional<Timestamp> until;  ///< exclusive
};

namespace events_table {
Result<void> insert(Transaction& tx, const EventRow& row);
Result<std::optional<EventRow>> find(sql::Connection& sql, const RealmId& realm, const EventId& id);
/// Without tests.
Result<std::vector<EventRow>> list(sql::Connection& sql, const RealmId& realm,
                                   const EventFilter& filter, std::optional<EventId> before,
                                   std::size_t limit);
/// Ids and types in ascending order above `after`, for recover. Without tests.
struct Head {
    EventId id;
    std::string type;
};
Result<std::vector<Head>> ascending(sql::Connection& sql, const RealmId& realm, const Uuid& after,
                                    const Uuid& until, std::size_t limit);
}  // namespace events_table

struct DeliveryFilter {
    std::optional<WebhookId> webhook;
    std::optional<EventId> event;
    std::optional<DeliveryState> state;
    std::string event_type;  ///< exact, or "" for any
};

/// A delivery for showing: with its event's head and its last attempt's outcome.
struct DeliveryView {
    DeliveryRow row;
    std::string event_type;
    ResourceId resource_id;
    std::optional<OutcomeReason> last_outcome;
    int last_status = 0;
    std::string last_detail;
};

/// A pending delivery with what sending it needs.
struct DueDelivery {
    DeliveryRow row;
    std::string body;  ///< event_body(…)
};

namespace deliveries_table {
Result<void> insert(Transaction& tx, const DeliveryRow& row);
Result<std::optional<DeliveryView>> find(sql::Connection& sql, const RealmId& realm,
                                         const DeliveryId& id);
Result<std::vector<DeliveryView>> list(sql::Connection& sql, const RealmId& realm,
                                       const DeliveryFilter& filter,
                                       std::optional<DeliveryId> before, std::size_t limit);
/// How many deliveries of an event are in which state, tests too.
struct StateCounts {
    std::int64_t pending = 0;
    std::int64_t delivered = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;
};
Result<StateCounts> count_by_state(sql::Connection& sql, const RealmId& realm,
                                   const EventId& event);
/// The delivery of an event to a webhook, the newest that is no test.
Result<std::optional<DeliveryView>> find_of(sql::Connection& sql, const RealmId& realm,
                                            const EventId& event, const WebhookId& webhook);
/// Pending ones of a lane by (due_at, id), at most `limit` and about `bytes_max` of bodies.
/// `complete` tells whether the read reached the lane's end.
struct Due {
    std::vector<DueDelivery> deliveries;
    bool complete = true;
};
Result<Due> due(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                std::size_t limit, std::size_t bytes_max);

/// Writes state, reason, attempts, positions, times of `row` where it is still pending or, when
/// `row.state` is delivered, cancelled. Returns whether it did.
Result<bool> settle(Transaction& tx, const DeliveryRow& row);
/// Counts an attempt of a delivery whose state settle() left alone (cancelled while in flight).
Result<void> count_attempt(Transaction& tx, const DeliveryRow& row);
/// Takes a final delivery back to pending, due now. Returns whether it was final.
Result<bool> revive(Transaction& tx, const RealmId& realm, const DeliveryId& id, Timestamp due_at);
/// Cancels what is pending of a webhook, but for the deliveries of `except`. Returns how many.
Result<std::int64_t> cancel_pending(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                                    std::string_view reason, std::optional<EventId> except);
Result<std::int64_t> count_pending(sql::Connection& sql, const RealmId& realm,
                                   const WebhookId& webhook);
/// Counts one more crash of a delivery that was in flight; `failed` at the limit. No-op when final.
Result<void> count_crash(Transaction& tx, const DeliveryId& id, const RealmId& realm);
/// Final failures and cancellations of a webhook whose events lie in [since, until), ascending
/// above `after`, for recover.
Result<std::vector<DeliveryId>> lost(sql::Connection& sql, const RealmId& realm,
                                     const WebhookId& webhook, const Uuid& since, const Uuid& until,
                                     const Uuid& after, std::size_t limit);
}  // namespace deliveries_table

namespace attempts_table {
Result<void> insert(Transaction& tx, const AttemptRow& row);
/// Of one delivery, in order.
Result<std::vector<AttemptRow>> all(sql::Connection& sql, const RealmId& realm,
                                    const DeliveryId& delivery);
}  // namespace attempts_table

namespace idempotency_table {
struct Kept {
    std::string body_sha256;
    std::string answer;
};
Result<std::optional<Kept>> find(sql::Connection& sql, const RealmId& realm,
                                 const IdempotencyKey& key, Timestamp not_before);
Result<void> put(Transaction& tx, const RealmId& realm, const IdempotencyKey& key,
                 std::string_view answer);
/// Removes at most `limit` keys made before `time`; returns how many.
Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit);
}  // namespace idempotency_table

namespace operations_table {
Result<std::optional<OperationRow>> find(sql::Connection& sql, const RealmId& realm,
                                         const OperationId& id);
Result<std::vector<OperationRow>> list(sql::Connection& sql, const RealmId& realm,
                                       std::optional<OperationId> before, std::size_t limit);
Result<std::vector<OperationRow>> running(sql::Connection& sql);
Result<void> insert(Transaction& tx, const OperationRow& row);
Result<void> update(Transaction& tx, const OperationRow& row);
}  // namespace operations_table

namespace audit_table {
Result<void> insert(Transaction& tx, const AuditRow& row);
}  // namespace audit_table

}  // namespace postrider::store
