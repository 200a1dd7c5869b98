// The table of deliveries that are still to be written.
#include "store/fan_outs_table.h"

#include <utility>

#include "store/list.h"
#include "store/realm_ids.h"

namespace postrider::store::fan_outs_table {

using sql::Blob;
using sql::Query;

namespace {

constexpr std::size_t id_bytes = 16;

template <typename Id>
std::string pack(std::span<const Id> ids) {
    std::string bytes;
    bytes.reserve(ids.size() * id_bytes);
    for (const Id& id : ids) bytes += id.view();
    return bytes;
}

template <typename Id>
std::vector<Id> unpack(std::string_view bytes) {
    std::vector<Id> ids;
    for (; bytes.size() >= id_bytes; bytes.remove_prefix(id_bytes)) {
        ids.push_back(Id{Uuid::from_bytes(bytes.substr(0, id_bytes))});
    }
    return ids;
}

/// A row with its ids as they are stored.
struct Packed {
    const FanOutRow* row;
    std::string events;
    std::string webhooks;
};

Result<std::optional<FanOutRow>> first_of_one(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT id, event_id, config_version, webhooks FROM fan_outs WHERE realm_id = $1 "
        "ORDER BY id LIMIT 1"};
    std::optional<FanOutRow> found;
    auto rows = sql.rows(query, realm);
    if (rows.next()) {
        const bool is_whole = rows.blob(3).size() % id_bytes == 0;
        found = FanOutRow{.realm = realm,
                          .id = rows.uuid(0),
                          .events = {rows.id<EventId>(1)},
                          .config_version = rows.integer(2),
                          .webhooks = unpack<WebhookId>(rows.blob(3)),
                          .is_readable = is_whole};
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
            found->is_readable = false;
        }
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::optional<FanOutRow>> first_of_several(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT id, events, config_version, webhooks FROM fan_out_sets WHERE realm_id = $1 "
        "ORDER BY id LIMIT 1"};
    std::optional<FanOutRow> found;
    auto rows = sql.rows(query, realm);
    if (rows.next()) {
        const bool is_whole = rows.blob(1).size() % id_bytes == 0 && !rows.blob(1).empty() &&
                              rows.blob(3).size() % id_bytes == 0;
        found = FanOutRow{.realm = realm,
                          .id = rows.uuid(0),
                          .events = unpack<EventId>(rows.blob(1)),
                          .config_version = rows.integer(2),
                          .webhooks = unpack<WebhookId>(rows.blob(3)),
                          .is_readable = is_whole,
                          .is_set = true};
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
            found->is_readable = false;
        }
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::int64_t> count_by(sql::Connection& sql, const Query& query, const RealmId& realm,
                              std::size_t limit) {
    auto rows = sql.rows(query, realm, limit);
    const std::int64_t found = rows.next() && !rows.is_null(0) ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<void> insert_all(Transaction& tx, std::span<const FanOutRow> rows) {
    static constexpr Query one{
        "INSERT INTO fan_outs (realm_id, id, event_id, config_version, webhooks) "
        "VALUES ($1, $2, $3, $4, $5)"};
    static constexpr Query several{
        "INSERT INTO fan_out_sets (realm_id, id, events, config_version, webhooks) "
        "VALUES ($1, $2, $3, $4, $5)"};
    std::vector<Packed> ones, sets;
    for (const FanOutRow& row : rows) {
        (row.is_set ? sets : ones)
            .push_back({&row, pack(std::span(row.events)), pack(std::span(row.webhooks))});
    }
    const auto arguments = [](auto bind, const Packed& packed) {
        bind(packed.row->realm, packed.row->id, Blob{packed.events}, packed.row->config_version,
             Blob{packed.webhooks});
    };
    POSTRIDER_TRY(tx.sql().run_each(one, std::span(std::as_const(ones)), arguments));
    return tx.sql().run_each(several, std::span(std::as_const(sets)), arguments);
}

Result<std::optional<FanOutRow>> first(sql::Connection& sql, const RealmId& realm) {
    POSTRIDER_ASSIGN(auto one, first_of_one(sql, realm));
    POSTRIDER_ASSIGN(auto several, first_of_several(sql, realm));
    if (!one || (several && several->id < one->id)) return several;
    return one;
}

/// One that cannot be read may not even have its id.
Result<void> remove(Transaction& tx, const FanOutRow& row) {
    static constexpr Query one{"DELETE FROM fan_outs WHERE realm_id = $1 AND id = $2"};
    static constexpr Query several{"DELETE FROM fan_out_sets WHERE realm_id = $1 AND id = $2"};
    static constexpr Query first_one{
        "DELETE FROM fan_outs WHERE realm_id = $1 AND id = "
        "(SELECT id FROM fan_outs WHERE realm_id = $1 ORDER BY id LIMIT 1)"};
    static constexpr Query first_set{
        "DELETE FROM fan_out_sets WHERE realm_id = $1 AND id = "
        "(SELECT id FROM fan_out_sets WHERE realm_id = $1 ORDER BY id LIMIT 1)"};
    if (!row.is_readable) {
        POSTRIDER_TRY(tx.sql().run(row.is_set ? first_set : first_one, row.realm));
    } else {
        POSTRIDER_TRY(tx.sql().run(row.is_set ? several : one, row.realm, row.id));
    }
    return {};
}

Result<void> shorten(Transaction& tx, const FanOutRow& row, std::size_t count) {
    static constexpr Query query{
        "UPDATE fan_out_sets SET events = $3 WHERE realm_id = $1 AND id = $2"};
    const std::string events = pack(std::span(row.events).subspan(count));
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, Blob{events}));
    return {};
}

Result<std::size_t> count(sql::Connection& sql, const RealmId& realm, std::size_t limit) {
    static constexpr Query ones{
        "SELECT COUNT(*) FROM (SELECT 1 FROM fan_outs WHERE realm_id = $1 LIMIT $2) AS parts"};
    static constexpr Query sets{
        "SELECT SUM(LENGTH(events)) FROM (SELECT events FROM fan_out_sets WHERE realm_id = $1 "
        "LIMIT $2) AS parts"};
    POSTRIDER_ASSIGN(const auto of_one, count_by(sql, ones, realm, limit));
    POSTRIDER_ASSIGN(const auto of_sets, count_by(sql, sets, realm, limit));
    return static_cast<std::size_t>(of_one) +
           (static_cast<std::size_t>(of_sets) + id_bytes - 1) / id_bytes;
}

Result<std::vector<RealmId>> realms(sql::Connection& sql) {
    static constexpr Query query{
        "SELECT realm_id FROM fan_outs UNION SELECT realm_id FROM fan_out_sets"};
    return read_realm_ids(sql.rows(query));
}

}  // namespace postrider::store::fan_outs_table
