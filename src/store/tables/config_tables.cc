// The tables of the store's own state, realms, keys and event types.
#include "store/id_range.h"
#include "store/tables.h"

namespace postrider::store {

using sql::Blob;
using sql::Query;

namespace state_table {

Result<std::optional<std::string>> get(sql::Connection& sql, std::string_view name) {
    static constexpr Query query{"SELECT value FROM store_state WHERE name = $1"};
    std::optional<std::string> value;
    auto rows = sql.rows(query, name);
    if (rows.next()) value = rows.bytes(0);
    POSTRIDER_TRY(rows.finish());
    return value;
}

Result<void> put(Transaction& tx, std::string_view name, std::string_view value) {
    return put(tx.sql(), name, value);
}

Result<void> put(sql::Connection& sql, std::string_view name, std::string_view value) {
    static constexpr Query query{
        "INSERT INTO store_state (name, value) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value"};
    POSTRIDER_TRY(sql.run(query, name, Blob{value}));
    return {};
}

}  // namespace state_table

namespace realms_table {
namespace {

#define REALM_COLUMNS \
    "id, name, display_name, settings, config_version, version, created_at, updated_at"

RealmRow read_row(const sql::Rows& rows) {
    return {.id = rows.id<RealmId>(0),
            .name = rows.string(1),
            .display_name = rows.string(2),
            .settings = rows.string(3),
            .config_version = rows.integer(4),
            .version = rows.integer(5),
            .created_at = rows.time(6),
            .updated_at = rows.time(7)};
}

#define CONFIG_VERSION "SELECT config_version FROM realms WHERE id = $1 AND deleted_at IS NULL"

Result<std::int64_t> read_config_version(sql::Rows rows) {
    bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    if (!found) return fail(ErrorCode::not_found, "This realm does not exist.");
    return rows.integer(0);
}

}  // namespace

Result<std::optional<RealmRow>> find(sql::Connection& sql, const RealmId& id) {
    static constexpr Query query{"SELECT " REALM_COLUMNS
                                 " FROM realms WHERE id = $1 AND deleted_at IS NULL"};
    std::optional<RealmRow> row;
    auto rows = sql.rows(query, id);
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<std::optional<RealmRow>> find_by_name(sql::Connection& sql, std::string_view name) {
    static constexpr Query query{"SELECT " REALM_COLUMNS
                                 " FROM realms WHERE name = $1 AND deleted_at IS NULL"};
    std::optional<RealmRow> row;
    auto rows = sql.rows(query, name);
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<List<RealmRow>> list(sql::Connection& sql, std::optional<RealmId> before,
                            std::size_t limit) {
    static constexpr Query query{"SELECT " REALM_COLUMNS
                                 " FROM realms WHERE deleted_at IS NULL AND ($1 IS NULL OR id < $1)"
                                 " ORDER BY id DESC LIMIT $2"};
    List<RealmRow> found;
    auto rows = sql.rows(query, before, limit);
    while (rows.next()) take(rows, found, read_row, 0);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> insert(Transaction& tx, const RealmRow& row) {
    static constexpr Query query{"INSERT INTO realms (" REALM_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
    POSTRIDER_TRY(tx.sql().run(query, row.id, row.name, row.display_name, row.settings,
                               row.config_version, row.version, row.created_at, row.updated_at));
    return {};
}

Result<void> update(Transaction& tx, const RealmRow& row) {
    static constexpr Query query{
        "UPDATE realms SET display_name = $2, settings = $3, version = $4, updated_at = $5 "
        "WHERE id = $1"};
    POSTRIDER_TRY(
        tx.sql().run(query, row.id, row.display_name, row.settings, row.version, row.updated_at));
    return {};
}

Result<std::int64_t> config_version(sql::Connection& sql, const RealmId& id) {
    static constexpr Query query{CONFIG_VERSION};
    return read_config_version(sql.rows(query, id));
}

Result<std::int64_t> hold_config_version(Transaction& tx, const RealmId& id) {
    static constexpr Query query{.text = CONFIG_VERSION, .on_postgresql = " FOR SHARE"};
    POSTRIDER_TRY(tx.hold_matching(id));
    return read_config_version(tx.sql().rows(query, id));
}

Result<void> raise_config_version(Transaction& tx, const RealmId& id) {
    static constexpr Query query{
        "UPDATE realms SET config_version = config_version + 1 WHERE id = $1"};
    POSTRIDER_TRY(tx.change_matching(id));
    POSTRIDER_TRY(tx.sql().run(query, id));
    return {};
}

}  // namespace realms_table

namespace api_keys_table {
namespace {

#define API_KEY_COLUMNS                                                             \
    "realm_id, id, name, hash, permissions, created_at, expires_at, last_used_at, " \
    "made_by_kind, made_by_id, made_by_name"

ApiKeyRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .id = rows.id<ApiKeyId>(1),
            .name = rows.string(2),
            .hash = rows.bytes(3),
            .permissions = rows.json(4),
            .created_at = rows.time(5),
            .expires_at = rows.optional_time(6),
            .last_used_at = rows.optional_time(7),
            .made_by_kind = rows.string(8),
            .made_by_id = rows.string(9),
            .made_by_name = rows.string(10)};
}

Result<List<ApiKeyRow>> read_all(sql::Rows&& rows) {
    List<ApiKeyRow> found;
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::optional<ApiKeyRow>> read_one(sql::Rows&& rows) {
    std::optional<ApiKeyRow> row;
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

}  // namespace

Result<List<ApiKeyRow>> all(sql::Connection& sql) {
    static constexpr Query query{"SELECT " API_KEY_COLUMNS " FROM api_keys"};
    return read_all(sql.rows(query));
}

Result<std::optional<ApiKeyRow>> find(sql::Connection& sql, const RealmId& realm,
                                      const ApiKeyId& id) {
    static constexpr Query query{"SELECT " API_KEY_COLUMNS
                                 " FROM api_keys WHERE realm_id = $1 AND id = $2"};
    return read_one(sql.rows(query, realm, id));
}

Result<std::optional<ApiKeyRow>> find_by_name(sql::Connection& sql, const RealmId& realm,
                                              std::string_view name) {
    static constexpr Query query{"SELECT " API_KEY_COLUMNS
                                 " FROM api_keys WHERE realm_id = $1 AND name = $2"};
    return read_one(sql.rows(query, realm, name));
}

Result<List<ApiKeyRow>> list(sql::Connection& sql, const RealmId& realm,
                             std::optional<ApiKeyId> before, std::size_t limit) {
    static constexpr Query query{"SELECT " API_KEY_COLUMNS
                                 " FROM api_keys WHERE realm_id = $1 AND id < $2 "
                                 "ORDER BY id DESC LIMIT $3"};
    return read_all(sql.rows(query, realm, upper_bound(before), limit));
}

Result<List<ApiKeyRow>> made_by(sql::Connection& sql, std::string_view actor_id) {
    static constexpr Query query{"SELECT " API_KEY_COLUMNS
                                 " FROM api_keys WHERE made_by_id = $1 ORDER BY id DESC"};
    return read_all(sql.rows(query, actor_id));
}

Result<List<ApiKeyRow>> ended(sql::Connection& sql, Timestamp time, std::size_t limit) {
    static constexpr Query query{"SELECT " API_KEY_COLUMNS
                                 " FROM api_keys WHERE expires_at < $1 LIMIT $2"};
    return read_all(sql.rows(query, time, limit));
}

Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{"SELECT COUNT(*) FROM api_keys WHERE realm_id = $1"};
    auto rows = sql.rows(query, realm);
    const std::int64_t number = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return number;
}

Result<void> touch(Transaction& tx, const RealmId& realm, const ApiKeyId& id, Timestamp used_at) {
    static constexpr Query query{
        "UPDATE api_keys SET last_used_at = $3 WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, id, used_at));
    return {};
}

Result<bool> remove(Transaction& tx, const RealmId& realm, const ApiKeyId& id) {
    static constexpr Query query{"DELETE FROM api_keys WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_ASSIGN(const auto removed, tx.sql().run(query, realm, id));
    return removed > 0;
}

Result<void> put(Transaction& tx, const ApiKeyRow& row) {
    // A key is one row's: another that has it cannot be read, or it would have been found.
    static constexpr Query others{
        "DELETE FROM api_keys WHERE hash = $1 AND NOT (realm_id = $2 AND id = $3)"};
    POSTRIDER_TRY(tx.sql().run(others, Blob{row.hash}, row.realm, row.id));
    static constexpr Query query{
        "INSERT INTO api_keys (realm_id, id, name, hash, permissions, created_at, expires_at, "
        "last_used_at, made_by_kind, made_by_id, made_by_name) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
        "ON CONFLICT (realm_id, id) DO UPDATE SET name = excluded.name, hash = excluded.hash, "
        "permissions = excluded.permissions, expires_at = excluded.expires_at, "
        "last_used_at = excluded.last_used_at"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.name, Blob{row.hash}, row.permissions,
                               row.created_at, row.expires_at, row.last_used_at, row.made_by_kind,
                               row.made_by_id, row.made_by_name));
    return {};
}

}  // namespace api_keys_table

namespace event_types_table {
namespace {

#define EVENT_TYPE_COLUMNS \
    "realm_id, name, description, data_schema, example, version, created_at, updated_at"

EventTypeRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .name = rows.string(1),
            .description = rows.string(2),
            .schema = rows.json_or_empty(3),
            .example = rows.json_or_empty(4),
            .version = rows.integer(5),
            .created_at = rows.time(6),
            .updated_at = rows.time(7)};
}

}  // namespace

Result<std::optional<EventTypeRow>> find(sql::Connection& sql, const RealmId& realm,
                                         std::string_view name) {
    static constexpr Query query{"SELECT " EVENT_TYPE_COLUMNS
                                 " FROM event_types WHERE realm_id = $1 AND name = $2"};
    std::optional<EventTypeRow> row;
    auto rows = sql.rows(query, realm, name);
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<List<EventTypeRow>> all(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{"SELECT " EVENT_TYPE_COLUMNS
                                 " FROM event_types WHERE realm_id = $1 ORDER BY name"};
    List<EventTypeRow> found;
    auto rows = sql.rows(query, realm);
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::vector<std::string>> names(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{"SELECT name FROM event_types WHERE realm_id = $1 ORDER BY name"};
    std::vector<std::string> found;
    auto rows = sql.rows(query, realm);
    while (rows.next()) found.push_back(rows.string(0));
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> insert(Transaction& tx, const EventTypeRow& row) {
    static constexpr Query query{"INSERT INTO event_types (" EVENT_TYPE_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.name, row.description, row.schema, row.example,
                               row.version, row.created_at, row.updated_at));
    return {};
}

Result<void> update(Transaction& tx, const EventTypeRow& row) {
    static constexpr Query query{
        "UPDATE event_types SET description = $3, data_schema = $4, example = $5, version = $6, "
        "updated_at = $7 WHERE realm_id = $1 AND name = $2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.name, row.description, row.schema, row.example,
                               row.version, row.updated_at));
    return {};
}

Result<void> remove(Transaction& tx, const RealmId& realm, std::string_view name) {
    static constexpr Query query{"DELETE FROM event_types WHERE realm_id = $1 AND name = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, name));
    return {};
}

}  // namespace event_types_table

}  // namespace postrider::store
