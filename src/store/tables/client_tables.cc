// The tables of clients and their redirect URIs.
#include "model/turn_limits.h"
#include "store/search.h"
#include "store/tables.h"

namespace postrider::store {

using sql::Blob;
using sql::Query;

namespace clients_table {
namespace {

#define CLIENT_COLUMNS                                                                  \
    "realm_id, id, client_id, name, description, type, enabled, secret_hash, version, " \
    "created_at, updated_at"

ClientRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .id = rows.id<ClientId>(1),
            .client_id = rows.string(2),
            .name = rows.string(3),
            .description = rows.string(4),
            .type = rows.string(5),
            .enabled = rows.boolean(6),
            .secret_hash = rows.bytes(7),
            .version = rows.integer(8),
            .created_at = rows.time(9),
            .updated_at = rows.time(10)};
}

Result<std::optional<ClientRow>> read_one(sql::Rows rows) {
    std::optional<ClientRow> row;
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

}  // namespace

Result<std::optional<ClientRow>> find(sql::Connection& sql, const RealmId& realm,
                                      const ClientId& id) {
    static constexpr Query query{"SELECT " CLIENT_COLUMNS
                                 " FROM clients WHERE realm_id = $1 AND id = $2"};
    return read_one(sql.rows(query, realm, id));
}

Result<std::optional<ClientRow>> find_by_client_id(sql::Connection& sql, const RealmId& realm,
                                                   std::string_view client_id) {
    static constexpr Query query{"SELECT " CLIENT_COLUMNS
                                 " FROM clients WHERE realm_id = $1 AND client_id = $2"};
    return read_one(sql.rows(query, realm, client_id));
}

Result<List<ClientRow>> list(sql::Connection& sql, const RealmId& realm,
                             std::optional<ClientId> before, std::size_t limit) {
    static constexpr Query query{"SELECT " CLIENT_COLUMNS
                                 " FROM clients WHERE realm_id = $1 AND ($2 IS NULL OR id < $2)"
                                 " ORDER BY id DESC LIMIT $3"};
    List<ClientRow> found;
    auto rows = sql.rows(query, realm, before, limit);
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<List<ClientRow>> search(sql::Connection& sql, const RealmId& realm, std::string_view part,
                               std::optional<ClientId> before, std::size_t limit) {
    static constexpr Query query{
        "SELECT " CLIENT_COLUMNS
        " FROM clients WHERE realm_id = $1 AND ($2 IS NULL OR id < $2)"
        " AND (LOWER(client_id) LIKE $3 ESCAPE '\\' OR LOWER(name) LIKE $3 ESCAPE '\\')"
        " ORDER BY id DESC LIMIT $4"};
    List<ClientRow> found;
    auto rows = sql.rows(query, realm, before, part, limit);
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> insert(Transaction& tx, const ClientRow& row) {
    static constexpr Query query{"INSERT INTO clients (" CLIENT_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.client_id, row.name, row.description,
                               row.type, row.enabled, Blob{row.secret_hash}, row.version,
                               row.created_at, row.updated_at));
    return {};
}

Result<void> update(Transaction& tx, const ClientRow& row) {
    static constexpr Query query{
        "UPDATE clients SET client_id = $3, name = $4, description = $5, type = $6, enabled = $7, "
        "secret_hash = $8, version = $9, updated_at = $10 WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.client_id, row.name, row.description,
                               row.type, row.enabled, Blob{row.secret_hash}, row.version,
                               row.updated_at));
    return {};
}

Result<void> remove(Transaction& tx, const RealmId& realm, const ClientId& id) {
    static constexpr Query assigned{
        "DELETE FROM user_roles WHERE realm_id = $1 AND (user_id, role_id) IN "
        "(SELECT u.user_id, u.role_id FROM roles r JOIN user_roles u ON u.realm_id = r.realm_id "
        "AND u.role_id = r.id WHERE r.realm_id = $1 AND r.client_id = $2 LIMIT $3)"};
    // The rest is taken from them later (removals.h): they are nobody's roles from now on.
    static constexpr Query left_over{
        "INSERT INTO removed_roles (realm_id, role_id) SELECT realm_id, id FROM roles "
        "WHERE realm_id = $1 AND client_id = $2"};
    static constexpr Query roles{"DELETE FROM roles WHERE realm_id = $1 AND client_id = $2"};
    static constexpr Query uris{"DELETE FROM redirect_uris WHERE realm_id = $1 AND client_id = $2"};
    static constexpr Query services{
        "DELETE FROM service_account_roles WHERE realm_id = $1 AND (client_id = $2 OR role_id IN "
        "(SELECT id FROM roles WHERE realm_id = $1 AND client_id = $2))"};
    static constexpr Query client{"DELETE FROM clients WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(oauth_tokens_table::remove_of_client(tx, realm, id));
    POSTRIDER_ASSIGN(const auto removed,
                     tx.sql().run(assigned, realm, id, limits::removed_at_once));
    if (removed == static_cast<std::int64_t>(limits::removed_at_once)) {
        POSTRIDER_TRY(tx.sql().run(left_over, realm, id));
    }
    for (const Query* query : {&services, &roles, &uris, &client}) {
        POSTRIDER_TRY(tx.sql().run(*query, realm, id));
    }
    return {};
}

}  // namespace clients_table

namespace redirect_uris_table {
namespace {

#define REDIRECT_URI_COLUMNS \
    "realm_id, client_id, id, value, enabled, version, created_at, updated_at"

RedirectUriRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .client = rows.id<ClientId>(1),
            .id = rows.id<RedirectUriId>(2),
            .value = rows.string(3),
            .enabled = rows.boolean(4),
            .version = rows.integer(5),
            .created_at = rows.time(6),
            .updated_at = rows.time(7)};
}

Result<std::optional<RedirectUriRow>> read_one(sql::Rows rows) {
    std::optional<RedirectUriRow> row;
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

}  // namespace

Result<std::optional<RedirectUriRow>> find(sql::Connection& sql, const RealmId& realm,
                                           const ClientId& client, const RedirectUriId& id) {
    static constexpr Query query{
        "SELECT " REDIRECT_URI_COLUMNS
        " FROM redirect_uris WHERE realm_id = $1 AND client_id = $2 AND id = $3"};
    return read_one(sql.rows(query, realm, client, id));
}

Result<std::optional<RedirectUriRow>> find_by_value(sql::Connection& sql, const RealmId& realm,
                                                    const ClientId& client,
                                                    std::string_view value) {
    static constexpr Query query{
        "SELECT " REDIRECT_URI_COLUMNS
        " FROM redirect_uris WHERE realm_id = $1 AND client_id = $2 AND value = $3"};
    return read_one(sql.rows(query, realm, client, value));
}

Result<List<RedirectUriRow>> list(sql::Connection& sql, const RealmId& realm,
                                  const ClientId& client, std::optional<RedirectUriId> before,
                                  std::size_t limit) {
    static constexpr Query query{"SELECT " REDIRECT_URI_COLUMNS
                                 " FROM redirect_uris WHERE realm_id = $1 AND client_id = $2"
                                 " AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"};
    List<RedirectUriRow> found;
    auto rows = sql.rows(query, realm, client, before, limit);
    while (rows.next()) take(rows, found, read_row, 2);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm, const ClientId& client) {
    static constexpr Query query{
        "SELECT COUNT(*) FROM redirect_uris WHERE realm_id = $1 AND client_id = $2"};
    auto rows = sql.rows(query, realm, client);
    const std::int64_t found = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> insert(Transaction& tx, const RedirectUriRow& row) {
    static constexpr Query query{"INSERT INTO redirect_uris (" REDIRECT_URI_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.client, row.id, row.value, row.enabled,
                               row.version, row.created_at, row.updated_at));
    return {};
}

Result<void> update(Transaction& tx, const RedirectUriRow& row) {
    static constexpr Query query{
        "UPDATE redirect_uris SET value = $4, enabled = $5, version = $6, updated_at = $7 "
        "WHERE realm_id = $1 AND client_id = $2 AND id = $3"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.client, row.id, row.value, row.enabled,
                               row.version, row.updated_at));
    return {};
}

Result<void> remove(Transaction& tx, const RealmId& realm, const ClientId& client,
                    const RedirectUriId& id) {
    static constexpr Query query{
        "DELETE FROM redirect_uris WHERE realm_id = $1 AND client_id = $2 AND id = $3"};
    POSTRIDER_TRY(tx.sql().run(query, realm, client, id));
    return {};
}

}  // namespace redirect_uris_table

Result<List<ClientRow>> search::clients(sql::Connection& sql, const RealmId& realm,
                                        const Text& text, std::optional<ClientId> before,
                                        std::size_t limit) {
    return clients_table::search(sql, realm, text.part(), before, limit);
}

}  // namespace postrider::store
