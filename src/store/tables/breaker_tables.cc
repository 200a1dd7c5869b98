#include "store/breakers_table.h"
#include "store/list.h"

namespace postrider::store::breakers_table {

using sql::Query;

Result<std::optional<BreakerRow>> find(sql::Connection& sql, const RealmId& realm,
                                       const WebhookId& webhook) {
    static constexpr Query query{
        "SELECT opened_at, next_probe_at, wait FROM breakers "
        "WHERE realm_id = $1 AND webhook_id = $2"};
    List<BreakerRow> found;
    auto rows = sql.rows(query, realm, webhook);
    while (rows.next()) {
        take(rows, found, [](const sql::Rows& row) {
            return BreakerRow{row.time(0), row.time(1), Duration{row.integer(2)}};
        });
    }
    POSTRIDER_TRY(rows.finish());
    if (found.empty()) return std::nullopt;
    return found.front();
}

Result<void> put(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                 const BreakerRow& row) {
    static constexpr Query query{
        "INSERT INTO breakers (realm_id, webhook_id, opened_at, next_probe_at, wait) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (realm_id, webhook_id) DO UPDATE SET "
        "opened_at = excluded.opened_at, next_probe_at = excluded.next_probe_at, "
        "wait = excluded.wait"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook, row.opened_at, row.next_probe_at, row.wait));
    return {};
}

Result<void> hurry(Transaction& tx, const RealmId& realm, const WebhookId& webhook, Timestamp now) {
    static constexpr Query query{
        "UPDATE breakers SET next_probe_at = $3 "
        "WHERE realm_id = $1 AND webhook_id = $2 AND next_probe_at > $3"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook, now));
    return {};
}

Result<void> remove(Transaction& tx, const RealmId& realm, const WebhookId& webhook) {
    static constexpr Query query{"DELETE FROM breakers WHERE realm_id = $1 AND webhook_id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook));
    return {};
}

}  // namespace postrider::store::breakers_table
