#include "store/postgresql_lanes.h"

#include <algorithm>

#include "model/limits.h"
#include "store/lane_placement.h"
#include "store/postgresql_nodes.h"

namespace postrider::store {
namespace {

using sql::Blob;
using sql::PostgresqlConnection;
using sql::Query;

/// Ownership is on stable storage before anybody acts on it; hints need not be.
template <typename F>
Result<void> durably(PostgresqlConnection& sql, F what) {
    POSTRIDER_TRY(sql.execute("BEGIN; SET LOCAL synchronous_commit = on"));
    Result<void> done = what();
    if (done) return sql.execute("COMMIT");
    (void)sql.execute("ROLLBACK");
    return done;
}

}  // namespace

bool PostgresqlLanes::share_among(std::vector<Uuid> nodes) {
    if (nodes == delivering_) return false;
    delivering_ = std::move(nodes);
    return true;
}

// What is no id is nobody's lane, and must not keep the others from being anybody's.
#define READABLE_LANE "AND length(realm_id) = 16 AND length(webhook_id) = 16"

bool PostgresqlLanes::is_preferred(const WebhookId& webhook) const {
    return preferred_node(webhook.uuid, delivering_) == node_;
}

Result<void> PostgresqlLanes::read(PostgresqlConnection& sql) {
    static constexpr Query query{
        "SELECT realm_id, webhook_id, epoch FROM lanes WHERE owner = $1 " READABLE_LANE};
    std::unordered_map<WebhookId, Own> found;
    auto rows = sql.rows(query, node_);
    while (rows.next()) {
        found.emplace(rows.id<WebhookId>(1), Own{rows.id<RealmId>(0), rows.integer(2), false});
    }
    POSTRIDER_TRY(rows.finish());
    for (auto& [webhook, own] : found) {
        const auto known = own_.find(webhook);
        own.is_releasing =
            known != own_.end() && known->second.epoch == own.epoch && known->second.is_releasing;
    }
    own_ = std::move(found);
    count_ = own_.size();
    return {};
}

Result<bool> PostgresqlLanes::take(PostgresqlConnection& sql) {
    static constexpr Query free{
        "SELECT w.realm_id, w.id, l.epoch FROM webhooks w LEFT JOIN lanes l "
        "ON l.realm_id = w.realm_id AND l.webhook_id = w.id "
        "WHERE (l.owner IS NULL OR NOT EXISTS "
        "(SELECT 1 FROM nodes n WHERE n.id = l.owner AND n." POSTRIDER_IS_LIVE("$1") ")) "
        "AND length(w.realm_id) = 16 AND length(w.id) = 16"};
    static constexpr Query make{
        "INSERT INTO lanes (realm_id, webhook_id, owner, epoch) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (realm_id, webhook_id) DO NOTHING"};
    static constexpr Query take{
        "UPDATE lanes SET owner = $4, epoch = epoch + 1 WHERE realm_id = $1 AND webhook_id = $2 "
        "AND epoch = $3 AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = owner AND "
        "n." POSTRIDER_IS_LIVE("$5") ")"};
    std::vector<OwnedLane> unmade;
    std::vector<OwnedLane> orphaned;
    auto rows = sql.rows(free, limits::node_lease);
    while (rows.next()) {
        const OwnedLane lane{rows.id<RealmId>(0), rows.id<WebhookId>(1),
                             rows.is_null(2) ? 0 : rows.integer(2)};
        if (is_preferred(lane.webhook)) (lane.epoch == 0 ? unmade : orphaned).push_back(lane);
    }
    POSTRIDER_TRY(rows.finish());
    if (unmade.empty() && orphaned.empty()) return false;
    std::vector<bool> taken;
    const auto write = [&]() -> Result<void> {
        POSTRIDER_TRY(sql.run_each(make, std::span<const OwnedLane>(unmade),
                                   [&](auto bind, const OwnedLane& lane) {
                                       bind(lane.realm, lane.webhook, node_, lane.epoch + 1);
                                   }));
        return sql.run_each(
            take, std::span<const OwnedLane>(orphaned),
            [&](auto bind, const OwnedLane& lane) {
                bind(lane.realm, lane.webhook, lane.epoch, node_, limits::node_lease);
            },
            &taken);
    };
    POSTRIDER_TRY(durably(sql, write));
    taken_over_ += static_cast<std::uint64_t>(std::ranges::count(taken, true));
    return true;
}

Result<bool> PostgresqlLanes::adopt(PostgresqlConnection& sql, const RealmId& realm,
                                    const WebhookId& webhook) {
    static constexpr Query query{
        "INSERT INTO lanes (realm_id, webhook_id, owner, epoch) "
        "SELECT realm_id, id, $3, 1 FROM webhooks WHERE realm_id = $1 AND id = $2 "
        "ON CONFLICT (realm_id, webhook_id) DO NOTHING"};
    if (own_.contains(webhook) || !is_preferred(webhook)) return false;
    std::int64_t made = 0;
    const auto write = [&]() -> Result<void> {
        POSTRIDER_ASSIGN(made, sql.run(query, realm, webhook, node_));
        return {};
    };
    POSTRIDER_TRY(durably(sql, write));
    if (made == 0) return false;
    own_[webhook] = {realm, 1, false};
    count_ = own_.size();
    return true;
}

std::vector<OwnedLane> PostgresqlLanes::start_releasing() {
    std::vector<OwnedLane> leaving;
    for (auto& [webhook, own] : own_) {
        if (own.is_releasing || is_preferred(webhook)) continue;
        own.is_releasing = true;
        leaving.push_back({own.realm, webhook, own.epoch});
    }
    return leaving;
}

Result<void> PostgresqlLanes::hand_over(PostgresqlConnection& sql,
                                        std::span<const OwnedLane> lanes) {
    static constexpr Query query{
        "UPDATE lanes SET owner = $4, epoch = epoch + 1 WHERE realm_id = $1 AND webhook_id = $2 "
        "AND epoch = $3 AND owner = $5"};
    return durably(sql, [&] {
        return sql.run_each(query, lanes, [&](auto bind, const OwnedLane& lane) {
            bind(lane.realm, lane.webhook, lane.epoch,
                 preferred_node(lane.webhook.uuid, delivering_), node_);
        });
    });
}

Result<PostgresqlLanes::Due> PostgresqlLanes::due(PostgresqlConnection& sql,
                                                  Timestamp before) const {
    static constexpr Query query{
        "SELECT l.webhook_id, (SELECT d.due_at FROM deliveries d WHERE d.realm_id = l.realm_id "
        "AND d.webhook_id = l.webhook_id AND d.state = 'pending' AND d.due_at <= $2 "
        "ORDER BY d.due_at LIMIT 1) FROM lanes l WHERE l.owner = $1 " READABLE_LANE};
    Due due{{}, before};
    auto rows = sql.rows(query, node_, before);
    while (rows.next()) {
        if (rows.is_null(1)) continue;
        due.webhooks.push_back(rows.id<WebhookId>(0));
        due.since = std::min(due.since, from_micros(rows.integer(1)));
    }
    POSTRIDER_TRY(rows.finish());
    return due;
}

Result<std::vector<bool>> PostgresqlLanes::hold(Transaction& tx,
                                                std::span<const OwnedLane> lanes) const {
    static constexpr Query query{
        "SELECT webhook_id, epoch FROM lanes WHERE owner = $1 AND (realm_id, webhook_id) IN "
        "(SELECT substring($2 FROM (i * 32 + 1)::int FOR 16), "
        "substring($2 FROM (i * 32 + 17)::int FOR 16) FROM generate_series(0, $3 - 1) AS i) "
        "ORDER BY webhook_id FOR SHARE"};
    std::string keys;
    for (const OwnedLane& lane : lanes) {
        keys += lane.realm.view();
        keys += lane.webhook.view();
    }
    std::unordered_map<WebhookId, std::int64_t> epochs;
    auto rows = tx.sql().rows(query, node_, Blob{keys}, lanes.size());
    while (rows.next()) epochs.emplace(rows.id<WebhookId>(0), rows.integer(1));
    POSTRIDER_TRY(rows.finish());
    std::vector<bool> held;
    for (const OwnedLane& lane : lanes) {
        const auto found = epochs.find(lane.webhook);
        held.push_back(found != epochs.end() && found->second == lane.epoch);
    }
    return held;
}

std::vector<OwnedLane> PostgresqlLanes::all() const {
    std::vector<OwnedLane> lanes;
    lanes.reserve(own_.size());
    for (const auto& [webhook, own] : own_) lanes.push_back({own.realm, webhook, own.epoch});
    return lanes;
}

}  // namespace postrider::store
