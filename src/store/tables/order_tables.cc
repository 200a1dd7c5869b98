// The queues of deliveries that keep the order of their resource.
#include "store/order_table.h"

#include <map>
#include <string>

#include "base/json.h"
#include "model/limits.h"
#include "model/order_limits.h"
#include "store/hold_rooms.h"
#include "store/tables.h"
#include "store/tables/first_of_queue.h"

namespace postrider::store::order_table {

using sql::Query;

namespace {

/// A queue has a place in the set of those whose first one may go.
using Queue = std::tuple<RealmId, WebhookId, ResourceId>;

/// One that cannot be read is in no queue that anybody finds; its row can still be deleted.
Result<std::optional<Member>> find(sql::Connection& sql, const RealmId& realm,
                                   const DeliveryId& delivery) {
    static constexpr Query query{
        "SELECT webhook_id, resource_id FROM order_queue WHERE realm_id = $1 AND delivery_id = $2"};
    std::optional<Member> found;
    auto rows = sql.rows(query, realm, delivery);
    if (rows.next()) found = {realm, rows.id<WebhookId>(0), rows.id<ResourceId>(1), delivery};
    if (rows.is_unreadable()) log_unreadable(rows.forgive());
    POSTRIDER_TRY(rows.finish());
    return found;
}

/// What comes first may go. Returns whose lanes have something due by it.
Result<Lanes> let_go(Transaction& tx, const std::set<Queue>& queues) {
    // Written also when it is not parked: whoever is about to park it runs again. As in
    // settle_all(), no index of a state may be taken for it.
    static constexpr Query query{
        "UPDATE deliveries SET due_at = CASE WHEN due_at = $5 THEN $4 ELSE due_at END "
        "WHERE realm_id = $1 AND CASE state WHEN 'pending' THEN 1 ELSE 0 END = 1 AND id "
        "= " FIRST_IN("$2", "$3")};
    const std::vector<Queue> all(queues.begin(), queues.end());
    std::vector<bool> changed;
    const Timestamp now = tx.now();
    POSTRIDER_TRY(tx.sql().run_each(
        query, std::span<const Queue>(all),
        [&](auto bind, const Queue& queue) {
            bind(std::get<0>(queue), std::get<1>(queue), std::get<2>(queue), now,
                 limits::parked_due);
        },
        &changed));
    Lanes lanes;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (changed[i]) lanes.emplace(std::get<0>(all[i]), std::get<1>(all[i]));
    }
    return lanes;
}

Result<Lanes> leave(Transaction& tx, std::span<const Member> members) {
    static constexpr Query query{
        "DELETE FROM order_queue WHERE realm_id = $1 AND delivery_id = $2"};
    std::vector<bool> left;
    POSTRIDER_TRY(tx.sql().run_each(
        query, members,
        [](auto bind, const Member& member) { bind(member.realm, member.delivery); }, &left));
    std::set<Queue> queues;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const Member& member = members[i];
        if (left[i]) queues.emplace(member.realm, member.webhook, member.resource);
    }
    return let_go(tx, queues);
}

Result<bool> asks_to_hold(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook) {
    static constexpr Query query{
        "SELECT controls FROM webhooks WHERE realm_id = $1 AND id = $2 AND ordered = 1 "
        "AND deleted_at IS NULL"};
    std::string controls;
    auto rows = sql.rows(query, realm, webhook);
    if (rows.next()) controls = rows.string(0);
    POSTRIDER_TRY(rows.finish());
    const auto value = json::parse(controls);
    const auto* how = value ? value->find("on_exhausted") : nullptr;
    return how != nullptr && *how == json::Value("hold");
}

Result<std::size_t> count_held(sql::Connection& sql, const RealmId& realm,
                               const WebhookId& webhook) {
    static constexpr Query query{
        "SELECT COUNT(*) FROM (SELECT 1 FROM order_queue WHERE realm_id = $1 AND webhook_id = $2 "
        // In the order of the index that is to be taken.
        "AND held_at IS NOT NULL ORDER BY resource_id, delivery_id LIMIT $3) AS counted"};
    auto rows = sql.rows(query, realm, webhook, limits::held_resources_max);
    const auto count = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return static_cast<std::size_t>(count);
}

Result<void> hold(Transaction& tx, std::span<const Member> members) {
    static constexpr Query query{
        "UPDATE order_queue SET held_at = $3 WHERE realm_id = $1 AND delivery_id = $2"};
    const Timestamp now = tx.now();
    return tx.sql().run_each(query, members, [&](auto bind, const Member& member) {
        bind(member.realm, member.delivery, now);
    });
}

Held read_held(const sql::Rows& rows) {
    return {.resource = rows.id<ResourceId>(0),
            .delivery = rows.id<DeliveryId>(1),
            .since = rows.time(2)};
}

}  // namespace

Result<void> enter(Transaction& tx, std::span<const Member> members) {
    static constexpr Query query{
        "INSERT INTO order_queue (realm_id, delivery_id, webhook_id, resource_id) "
        "VALUES ($1, $2, $3, $4)"};
    return tx.sql().run_each(query, members, [](auto bind, const Member& member) {
        bind(member.realm, member.delivery, member.webhook, member.resource);
    });
}

namespace {

/// `may_hold`: whether one more of a webhook that asks for it may be held.
template <typename MayHold>
Result<Lanes> end_each(Transaction& tx, std::span<const Ended> ended, MayHold may_hold,
                       Lanes* overflowing) {
    std::map<std::pair<RealmId, WebhookId>, bool> asking;
    std::vector<Member> held, leaving;
    for (const Ended& each : ended) {
        const Member& member = each.member;
        const std::pair lane(member.realm, member.webhook);
        bool holds = each.has_failed;
        if (holds && !asking.contains(lane)) {
            POSTRIDER_ASSIGN(asking[lane], asks_to_hold(tx.sql(), member.realm, member.webhook));
        }
        if (holds && (holds = asking[lane])) {
            POSTRIDER_ASSIGN(holds, may_hold(member));
            if (!holds && overflowing != nullptr) overflowing->insert(lane);
        }
        (holds ? held : leaving).push_back(member);
    }
    POSTRIDER_TRY(hold(tx, held));
    return leave(tx, leaving);
}

}  // namespace

Result<Lanes> end(Transaction& tx, std::span<const Ended> ended, Lanes* overflowing) {
    std::map<WebhookId, std::size_t> counts;
    const auto may_hold = [&](const Member& member) -> Result<bool> {
        if (!counts.contains(member.webhook)) {
            POSTRIDER_ASSIGN(counts[member.webhook],
                             count_held(tx.sql(), member.realm, member.webhook));
        }
        return counts[member.webhook]++ < limits::held_resources_max;
    };
    return end_each(tx, ended, may_hold, overflowing);
}

Result<Lanes> end(Transaction& tx, std::span<const Ended> ended, HoldRooms& rooms, Monotonic now,
                  Lanes& overflowing) {
    const auto may_hold = [&](const Member& member) {
        return rooms.take(tx.sql(), member.realm, member.webhook, now);
    };
    return end_each(tx, ended, may_hold, &overflowing);
}

Result<Lanes> end(Transaction& tx, const RealmId& realm, std::span<const DeliveryId> deliveries,
                  bool has_failed) {
    std::vector<Ended> ended;
    for (const DeliveryId& delivery : deliveries) {
        POSTRIDER_ASSIGN(const auto member, find(tx.sql(), realm, delivery));
        if (member) ended.push_back({*member, has_failed});
    }
    return end(tx, ended);
}

Result<bool> park(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                  std::span<const Blocked> blocked) {
    static constexpr Query park{
        "UPDATE deliveries SET due_at = $5 WHERE realm_id = $1 AND id = $2 "
        "AND CASE state WHEN 'pending' THEN 1 ELSE 0 END = 1 AND $4 = " FIRST_OF("$2", "$3")};
    static constexpr Query touch{
        "UPDATE order_queue SET held_at = held_at WHERE realm_id = $1 AND delivery_id = $2"};
    std::vector<bool> parked;
    POSTRIDER_TRY(tx.sql().run_each(
        park, blocked,
        [&](auto bind, const Blocked& each) {
            bind(realm, each.delivery, webhook, each.first, limits::parked_due);
        },
        &parked));
    std::set<DeliveryId> firsts;
    bool is_all = true;
    for (std::size_t i = 0; i < blocked.size(); ++i) {
        is_all = is_all && parked[i];
        if (parked[i]) firsts.insert(blocked[i].first);
    }
    const std::vector<DeliveryId> all(firsts.begin(), firsts.end());
    POSTRIDER_TRY(
        tx.sql().run_each(touch, std::span<const DeliveryId>(all),
                          [&](auto bind, const DeliveryId& first) { bind(realm, first); }));
    return is_all;
}

Result<std::optional<DeliveryId>> blocked_by(sql::Connection& sql, const RealmId& realm,
                                             const DeliveryId& delivery) {
    POSTRIDER_ASSIGN(const auto member, find(sql, realm, delivery));
    if (!member) return std::nullopt;
    static constexpr Query query{
        "SELECT delivery_id FROM order_queue WHERE realm_id = $1 AND webhook_id = $2 "
        "AND resource_id = $3 ORDER BY tx, delivery_id LIMIT 1"};
    std::optional<DeliveryId> first;
    auto rows = sql.rows(query, realm, member->webhook, member->resource);
    if (rows.next() && rows.blob(0) != delivery.view()) first = rows.id<DeliveryId>(0);
    if (rows.is_unreadable()) log_unreadable(rows.forgive());
    POSTRIDER_TRY(rows.finish());
    return first;
}

Result<List<Held>> held(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                        std::optional<ResourceId> before, std::size_t limit) {
    static constexpr Query query{
        "SELECT resource_id, delivery_id, held_at FROM order_queue WHERE realm_id = $1 "
        "AND webhook_id = $2 AND held_at IS NOT NULL AND ($3 IS NULL OR resource_id < $3) "
        "ORDER BY resource_id DESC, delivery_id DESC LIMIT $4"};
    List<Held> found;
    auto rows = sql.rows(query, realm, webhook, before, limit);
    while (rows.next()) take(rows, found, read_held, 0);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::optional<Held>> find_held(sql::Connection& sql, const RealmId& realm,
                                      const WebhookId& webhook, const ResourceId& resource) {
    static constexpr Query query{
        "SELECT resource_id, delivery_id, held_at FROM order_queue WHERE realm_id = $1 "
        // A span of one, so that the index of what is held is taken: by the key of the table all of
        // the realm would be read.
        "AND webhook_id = $2 AND resource_id >= $3 AND resource_id <= $3 AND held_at IS NOT NULL "
        "ORDER BY resource_id, delivery_id LIMIT 1"};
    std::optional<Held> found;
    auto rows = sql.rows(query, realm, webhook, resource);
    if (rows.next()) found = read_held(rows);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<bool> resume(Transaction& tx, const RealmId& realm, const DeliveryId& delivery) {
    static constexpr Query query{
        "UPDATE order_queue SET held_at = NULL WHERE realm_id = $1 AND delivery_id = $2 "
        "AND held_at IS NOT NULL"};
    POSTRIDER_ASSIGN(const auto changed, tx.sql().run(query, realm, delivery));
    return changed == 1;
}

Result<void> skip_held(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                       const ResourceId& resource) {
    while (true) {
        POSTRIDER_ASSIGN(const auto found, find_held(tx.sql(), realm, webhook, resource));
        if (!found) return {};
        const Member member{realm, webhook, resource, found->delivery};
        POSTRIDER_TRY(leave(tx, std::span(&member, 1)));
    }
}

Result<void> forget(Transaction& tx, const RealmId& realm, const WebhookId& webhook) {
    static constexpr Query query{"DELETE FROM order_queue WHERE realm_id = $1 AND webhook_id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook));
    return {};
}

Result<std::set<WebhookId>> webhooks(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{"SELECT id FROM webhooks WHERE realm_id = $1 AND ordered = 1"};
    std::set<WebhookId> found;
    auto rows = sql.rows(query, realm);
    while (rows.next()) {
        const auto id = rows.id<WebhookId>(0);
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
        } else {
            found.insert(id);
        }
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> come_first(sql::Connection& sql) {
    static constexpr Query query{"UPDATE order_queue SET tx = tx - $1"};
    POSTRIDER_TRY(sql.run(query, std::int64_t{1} << 62));
    return {};
}

}  // namespace postrider::store::order_table

namespace postrider::store {

Result<bool> HoldRooms::take(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                             Monotonic now) {
    if (known_.size() >= limits::webhooks_per_realm_max) known_.clear();
    Known& known = known_[webhook];
    const bool is_asked =
        known.counted_at == Monotonic{} || (known.count >= limits::held_resources_max &&
                                            now >= known.counted_at + limits::held_counted_again);
    if (is_asked && now >= count_not_before_) {
        POSTRIDER_ASSIGN(known.count, order_table::count_held(sql, realm, webhook));
        known.counted_at = now;
        count_not_before_ = now + limits::held_count_interval;
    }
    if (known.count >= limits::held_resources_max) return false;
    ++known.count;
    return true;
}

}  // namespace postrider::store
