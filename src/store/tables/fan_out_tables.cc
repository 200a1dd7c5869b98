// The table of deliveries that are still to be written.
#include "store/fan_outs_table.h"

#include "store/list.h"
#include "store/realm_ids.h"

namespace postrider::store::fan_outs_table {

using sql::Blob;
using sql::Query;

namespace {

constexpr std::size_t id_bytes = 16;

std::string pack(std::span<const WebhookId> webhooks) {
    std::string bytes;
    bytes.reserve(webhooks.size() * id_bytes);
    for (const WebhookId& webhook : webhooks) bytes += webhook.view();
    return bytes;
}

std::vector<WebhookId> unpack(std::string_view bytes) {
    std::vector<WebhookId> webhooks;
    for (; bytes.size() >= id_bytes; bytes.remove_prefix(id_bytes)) {
        webhooks.push_back(WebhookId{Uuid::from_bytes(bytes.substr(0, id_bytes))});
    }
    return webhooks;
}

}  // namespace

Result<void> insert_all(Transaction& tx, std::span<const FanOutRow> rows) {
    static constexpr Query query{
        "INSERT INTO fan_outs (realm_id, id, event_id, config_version, webhooks) "
        "VALUES ($1, $2, $3, $4, $5)"};
    for (const FanOutRow& row : rows) {
        const std::string webhooks = pack(row.webhooks);
        POSTRIDER_TRY(
            tx.sql().run(query, row.realm, row.id, row.event, row.config_version, Blob{webhooks}));
    }
    return {};
}

Result<std::optional<FanOutRow>> first(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT id, event_id, config_version, webhooks FROM fan_outs WHERE realm_id = $1 "
        "ORDER BY id LIMIT 1"};
    std::optional<FanOutRow> found;
    auto rows = sql.rows(query, realm);
    if (rows.next()) {
        const bool is_whole = rows.blob(3).size() % id_bytes == 0;
        found = FanOutRow{realm,           rows.uuid(0),         rows.id<EventId>(1),
                          rows.integer(2), unpack(rows.blob(3)), is_whole};
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
            found->is_readable = false;
        }
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> remove(Transaction& tx, const RealmId& realm, const Uuid& id) {
    static constexpr Query query{"DELETE FROM fan_outs WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, id));
    return {};
}

Result<void> remove_first(Transaction& tx, const RealmId& realm) {
    static constexpr Query query{
        "DELETE FROM fan_outs WHERE realm_id = $1 AND id = "
        "(SELECT id FROM fan_outs WHERE realm_id = $1 ORDER BY id LIMIT 1)"};
    POSTRIDER_TRY(tx.sql().run(query, realm));
    return {};
}

Result<std::size_t> count(sql::Connection& sql, const RealmId& realm, std::size_t limit) {
    static constexpr Query query{
        "SELECT COUNT(*) FROM (SELECT 1 FROM fan_outs WHERE realm_id = $1 LIMIT $2) AS parts"};
    auto rows = sql.rows(query, realm, limit);
    const std::int64_t found = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return static_cast<std::size_t>(found);
}

Result<std::vector<RealmId>> realms(sql::Connection& sql) {
    static constexpr Query query{"SELECT DISTINCT realm_id FROM fan_outs"};
    return read_realm_ids(sql.rows(query));
}

}  // namespace postrider::store::fan_outs_table
