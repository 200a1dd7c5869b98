// Deleted realms: what they held, and how it goes, step by step.
#include <array>

#include "store/realm_ids.h"
#include "store/tables.h"

namespace postrider::store::realms_table {

using sql::Query;

namespace {

/// Deletes at most $2 rows of a realm, by the table's key.
#define PURGE(table, key)                                                                          \
    Query{"DELETE FROM " table " WHERE realm_id = $1 AND (" key ") IN (SELECT " key " FROM " table \
          " WHERE realm_id = $1 LIMIT $2)"}

/// In this order: what refers to a thing goes before the thing, so that each step leaves a state
/// that could be a realm's.
constexpr std::array steps{
    PURGE("service_account_roles", "client_id, role_id"),
    PURGE("user_roles", "user_id, role_id"),
    PURGE("removed_roles", "role_id"),
    PURGE("credentials", "user_id, id"),
    PURGE("password_resets", "hash"),
    PURGE("sealed_resets", "delivery_id"),
    PURGE("sessions", "id"),
    PURGE("oauth_tokens", "id"),
    PURGE("redirect_uris", "client_id, id"),
    PURGE("roles", "id"),
    PURGE("clients", "id"),
    PURGE("users", "id"),
    PURGE("api_keys", "id"),
    PURGE("event_types", "name"),
    PURGE("idempotency_keys", "route, idempotency_key"),
    PURGE("operations", "id"),
    PURGE("consumers", "name"),
    // What is final of the log; what is pending is `realm.deleted` alone.
    Query{"DELETE FROM attempts WHERE realm_id = $1 AND (delivery_id, number) IN "
          "(SELECT a.delivery_id, a.number FROM attempts a JOIN deliveries d "
          "ON d.realm_id = a.realm_id AND d.id = a.delivery_id "
          "WHERE a.realm_id = $1 AND d.state <> 'pending' LIMIT $2)"},
    Query{"DELETE FROM deliveries WHERE realm_id = $1 AND id IN (SELECT id FROM deliveries "
          "WHERE realm_id = $1 AND state <> 'pending' LIMIT $2)"},
    Query{"DELETE FROM events WHERE realm_id = $1 AND id IN (SELECT e.id FROM events e "
          "WHERE e.realm_id = $1 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE "
          "d.realm_id = e.realm_id AND d.event_id = e.id) LIMIT $2)"},
    PURGE("order_queue", "delivery_id"),
    PURGE("webhook_versions", "webhook_id, since"),
    PURGE("webhook_health", "webhook_id"),
    PURGE("breakers", "webhook_id"),
    PURGE("failure_notices", "webhook_id"),
    Query{"DELETE FROM webhooks WHERE realm_id = $1 AND id IN (SELECT w.id FROM webhooks w "
          "WHERE w.realm_id = $1 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE "
          "d.realm_id = w.realm_id AND d.webhook_id = w.id) LIMIT $2)"},
    PURGE("counters", "grain, since, webhook_id"),
    PURGE("webhook_results", "webhook_id"),
    PURGE("deleted_webhooks", "webhook_id"),
    PURGE("audit", "id"),
};

#undef PURGE

Result<std::int64_t> count(sql::Connection& sql, const Query& query, const RealmId& id) {
    auto rows = sql.rows(query, id);
    const std::int64_t found = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<void> bury(Transaction& tx, const RealmId& id, Timestamp deleted_at) {
    static constexpr Query realm{"UPDATE realms SET name = $2, deleted_at = $3 WHERE id = $1"};
    POSTRIDER_TRY(tx.sql().run(realm, id, id.to_string(), deleted_at));
    return {};
}

Result<std::vector<RealmId>> buried(sql::Connection& sql, std::size_t limit) {
    static constexpr Query query{
        "SELECT id FROM realms WHERE deleted_at IS NOT NULL AND length(id) = 16 "
        "ORDER BY deleted_at LIMIT $1"};
    return read_realm_ids(sql.rows(query, limit));
}

Result<std::int64_t> purge(Transaction& tx, const RealmId& id, std::size_t limit) {
    static constexpr Query unfinished{
        "SELECT (SELECT COUNT(*) FROM cancellations WHERE realm_id = $1) + "
        "(SELECT COUNT(*) FROM fan_outs WHERE realm_id = $1) + "
        "(SELECT COUNT(*) FROM fan_out_sets WHERE realm_id = $1)"};
    POSTRIDER_ASSIGN(const auto parts, count(tx.sql(), unfinished, id));
    if (parts > 0) return 0;
    for (const Query& step : steps) {
        POSTRIDER_ASSIGN(const auto removed, tx.sql().run(step, id, limit));
        if (removed > 0) return removed;
    }
    static constexpr Query pending{"SELECT COUNT(*) FROM deliveries WHERE realm_id = $1"};
    static constexpr Query tombstone{"DELETE FROM realms WHERE id = $1 AND deleted_at IS NOT NULL"};
    POSTRIDER_ASSIGN(const auto left, count(tx.sql(), pending, id));
    if (left > 0) return 0;
    return tx.sql().run(tombstone, id);
}

Result<Counts> count_rows(sql::Connection& sql, const RealmId& id) {
    static constexpr Query users{"SELECT COUNT(*) FROM users WHERE realm_id = $1"};
    static constexpr Query roles{"SELECT COUNT(*) FROM roles WHERE realm_id = $1"};
    static constexpr Query clients{"SELECT COUNT(*) FROM clients WHERE realm_id = $1"};
    static constexpr Query uris{"SELECT COUNT(*) FROM redirect_uris WHERE realm_id = $1"};
    static constexpr Query webhooks{
        "SELECT COUNT(*) FROM webhooks WHERE realm_id = $1 AND deleted_at IS NULL"};
    static constexpr Query event_types{"SELECT COUNT(*) FROM event_types WHERE realm_id = $1"};
    static constexpr Query api_keys{"SELECT COUNT(*) FROM api_keys WHERE realm_id = $1"};
    Counts counts;
    POSTRIDER_ASSIGN(counts.users, count(sql, users, id));
    POSTRIDER_ASSIGN(counts.roles, count(sql, roles, id));
    POSTRIDER_ASSIGN(counts.clients, count(sql, clients, id));
    POSTRIDER_ASSIGN(counts.redirect_uris, count(sql, uris, id));
    POSTRIDER_ASSIGN(counts.webhooks, count(sql, webhooks, id));
    POSTRIDER_ASSIGN(counts.event_types, count(sql, event_types, id));
    POSTRIDER_ASSIGN(counts.api_keys, count(sql, api_keys, id));
    return counts;
}

Result<std::vector<std::string>> permissions(sql::Connection& sql, const RealmId& id,
                                             Timestamp now) {
    static constexpr Query query{
        "SELECT permissions FROM roles WHERE realm_id = $1 UNION "
        "SELECT permissions FROM api_keys WHERE realm_id = $1 "
        "AND (expires_at IS NULL OR expires_at > $2)"};
    std::vector<std::string> lists;
    auto rows = sql.rows(query, id, now);
    while (rows.next()) lists.push_back(std::string(rows.text(0)));
    POSTRIDER_TRY(rows.finish());
    return lists;
}

}  // namespace postrider::store::realms_table
