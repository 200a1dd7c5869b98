// The tables of users, their credentials, roles and who has them.
#include "base/names.h"
#include "model/turn_limits.h"
#include "store/name_keys.h"
#include "store/search.h"
#include "store/tables.h"

namespace postrider::store {

using sql::Query;

namespace {

std::optional<std::string> key_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return fold_name(*text);
}

template <typename Row, typename Read>
Result<std::optional<Row>> read_one(sql::Rows rows, Read read) {
    std::optional<Row> row;
    if (rows.next()) row = read(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

template <typename Row, typename Read>
Result<List<Row>> read_all(sql::Rows rows, Read read, int id_column = 1) {
    List<Row> found;
    while (rows.next()) take(rows, found, read, id_column);
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

namespace users_table {
namespace {

#define USER_COLUMNS                                                                              \
    "realm_id, id, username, email, email_verified, first_name, last_name, enabled, attributes, " \
    "version, created_at, updated_at"

UserRow read_row(const sql::Rows& rows) {
    UserRow row{.realm = rows.id<RealmId>(0),
                .id = rows.id<UserId>(1),
                .username = rows.string(2),
                .email = {},
                .email_verified = rows.boolean(4),
                .first_name = rows.string(5),
                .last_name = rows.string(6),
                .enabled = rows.boolean(7),
                .attributes = rows.json(8),
                .version = rows.integer(9),
                .created_at = rows.time(10),
                .updated_at = rows.time(11)};
    if (!rows.is_null(3)) row.email = rows.string(3);
    return row;
}

/// Asks for one key at a time: for a list of them PostgreSQL, planning over a table that was empty,
/// takes an index of the realm alone and reads all of its users.
Result<std::optional<UserRow>> find_by_key(sql::Connection& sql, const Query& query,
                                           const RealmId& realm, std::string_view name) {
    const std::string former = former_name_key(name);
    POSTRIDER_ASSIGN(auto row, read_one<UserRow>(sql.rows(query, realm, former), read_row));
    if (row) return row;
    const std::string folded = fold_name(name);
    if (folded == former) return row;
    return read_one<UserRow>(sql.rows(query, realm, folded), read_row);
}

}  // namespace

Result<std::optional<UserRow>> find(sql::Connection& sql, const RealmId& realm, const UserId& id) {
    static constexpr Query query{"SELECT " USER_COLUMNS
                                 " FROM users WHERE realm_id = $1 AND id = $2"};
    return read_one<UserRow>(sql.rows(query, realm, id), read_row);
}

Result<std::optional<UserRow>> find_by_username(sql::Connection& sql, const RealmId& realm,
                                                std::string_view username) {
    static constexpr Query query{"SELECT " USER_COLUMNS
                                 " FROM users WHERE realm_id = $1 AND username_key = $2"};
    return find_by_key(sql, query, realm, username);
}

Result<std::optional<UserRow>> find_by_email(sql::Connection& sql, const RealmId& realm,
                                             std::string_view email) {
    static constexpr Query query{"SELECT " USER_COLUMNS
                                 " FROM users WHERE realm_id = $1 AND email_key = $2"};
    return find_by_key(sql, query, realm, email);
}

Result<List<UserRow>> list(sql::Connection& sql, const RealmId& realm,
                           std::optional<Position> before, std::size_t limit) {
    // Without an OR, so that the index is entered at the place where the page begins.
    static constexpr Query query{"SELECT " USER_COLUMNS
                                 " FROM users WHERE realm_id = $1 AND (created_at, id) < ($2, $3)"
                                 " ORDER BY created_at DESC, id DESC LIMIT $4"};
    UserId last;
    last.uuid.bytes.fill(0xFF);
    const Position from = before.value_or(Position{.created_at = Timestamp::max(), .id = last});
    return read_all<UserRow>(sql.rows(query, realm, from.created_at, from.id, limit), read_row);
}

}  // namespace users_table

Result<List<UserRow>> search::users(sql::Connection& sql, const RealmId& realm, const Text& text,
                                    std::optional<UserId> after, std::size_t limit) {
    // The index has all that is looked at; the rows of those that match are read then.
    static constexpr Query query{
        "SELECT id FROM users WHERE realm_id = $1 AND username_key > $2 "
        "AND (username_key LIKE $3 ESCAPE '\\' OR email_key LIKE $3 ESCAPE '\\' "
        "OR LOWER(first_name || ' ' || last_name) LIKE $3 ESCAPE '\\') "
        "ORDER BY username_key LIMIT $4"};
    static constexpr Query key{"SELECT username_key FROM users WHERE realm_id = $1 AND id = $2"};
    std::string from;
    if (after) {
        auto rows = sql.rows(key, realm, *after);
        const bool is_there = rows.next();
        if (is_there) from = rows.string(0);
        POSTRIDER_TRY(rows.finish());
        if (!is_there) return List<UserRow>{};
    }
    std::vector<UserId> ids;
    auto rows = sql.rows(query, realm, from, text.part(), limit);
    while (rows.next()) ids.push_back(rows.id<UserId>(0));
    POSTRIDER_TRY(rows.finish());
    List<UserRow> found;
    for (const UserId& id : ids) {
        found.last = id.uuid;
        auto row = users_table::find(sql, realm, id);
        if (row && *row) {
            found.push_back(std::move(**row));
        } else if (!row && row.error().code == ErrorCode::corrupt) {
            log_unreadable(row.error());
            ++found.unreadable;
        } else if (!row) {
            return std::unexpected(std::move(row).error());
        }
    }
    return found;
}

namespace users_table {

Result<void> insert(Transaction& tx, const UserRow& row) {
    static constexpr Query query{"INSERT INTO users (" USER_COLUMNS
                                 ", username_key, email_key) VALUES ($1, $2, $3, $4, $5, $6, $7,"
                                 " $8, $9, $10, $11, $12, $13, $14)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.username, row.email,
                               row.email_verified, row.first_name, row.last_name, row.enabled,
                               row.attributes, row.version, row.created_at, row.updated_at,
                               fold_name(row.username), key_of(row.email)));
    return {};
}

Result<void> update(Transaction& tx, const UserRow& row) {
    static constexpr Query query{
        "UPDATE users SET username = $3, email = $4, email_verified = $5, first_name = $6, "
        "last_name = $7, enabled = $8, attributes = $9, version = $10, updated_at = $11, "
        "username_key = CASE WHEN username = $3 THEN username_key ELSE $12 END, "
        "email_key = CASE WHEN email = $4 THEN email_key ELSE $13 END WHERE realm_id = $1 AND id = "
        "$2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.username, row.email,
                               row.email_verified, row.first_name, row.last_name, row.enabled,
                               row.attributes, row.version, row.updated_at, fold_name(row.username),
                               key_of(row.email)));
    return {};
}

}  // namespace users_table

namespace credentials_table {

Result<List<CredentialRow>> all(sql::Connection& sql, const RealmId& realm, const UserId& user) {
    static constexpr Query query{
        "SELECT realm_id, user_id, id, type, hash, created_at, updated_at FROM credentials "
        "WHERE realm_id = $1 AND user_id = $2 ORDER BY id DESC"};
    return read_all<CredentialRow>(
        sql.rows(query, realm, user),
        [](const sql::Rows& rows) {
            return CredentialRow{.realm = rows.id<RealmId>(0),
                                 .user = rows.id<UserId>(1),
                                 .id = rows.id<CredentialId>(2),
                                 .type = rows.string(3),
                                 .hash = rows.string(4),
                                 .created_at = rows.time(5),
                                 .updated_at = rows.time(6)};
        },
        2);
}

Result<void> put(Transaction& tx, const CredentialRow& row) {
    static constexpr Query query{
        "INSERT INTO credentials (realm_id, user_id, id, type, hash, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (realm_id, user_id, id) "
        "DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.user, row.id, row.type, row.hash,
                               row.created_at, row.updated_at));
    return {};
}

Result<void> remove(Transaction& tx, const RealmId& realm, const UserId& user,
                    const CredentialId& id) {
    static constexpr Query query{
        "DELETE FROM credentials WHERE realm_id = $1 AND user_id = $2 AND id = $3"};
    POSTRIDER_TRY(tx.sql().run(query, realm, user, id));
    return {};
}

}  // namespace credentials_table

namespace roles_table {
namespace {

#define ROLE_COLUMNS \
    "realm_id, id, client_id, name, description, permissions, version, created_at, updated_at"
#define ROLE_COLUMNS_OF_R                                                              \
    "r.realm_id, r.id, r.client_id, r.name, r.description, r.permissions, r.version, " \
    "r.created_at, r.updated_at"

RoleRow read_row(const sql::Rows& rows) {
    RoleRow row{.realm = rows.id<RealmId>(0),
                .id = rows.id<RoleId>(1),
                .client = {},
                .name = rows.string(3),
                .description = rows.string(4),
                .permissions = rows.json(5),
                .version = rows.integer(6),
                .created_at = rows.time(7),
                .updated_at = rows.time(8)};
    if (!rows.is_null(2)) row.client = rows.id<ClientId>(2);
    return row;
}

}  // namespace

Result<std::optional<RoleRow>> find(sql::Connection& sql, const RealmId& realm, const RoleId& id) {
    static constexpr Query query{"SELECT " ROLE_COLUMNS
                                 " FROM roles WHERE realm_id = $1 AND id = $2"};
    return read_one<RoleRow>(sql.rows(query, realm, id), read_row);
}

Result<std::optional<RoleRow>> find_by_name(sql::Connection& sql, const RealmId& realm,
                                            std::optional<ClientId> client, std::string_view name) {
    static constexpr Query of_realm{"SELECT " ROLE_COLUMNS
                                    " FROM roles WHERE realm_id = $1 AND client_id IS NULL"
                                    " AND name = $2"};
    static constexpr Query of_client{"SELECT " ROLE_COLUMNS
                                     " FROM roles WHERE realm_id = $1 AND client_id = $2"
                                     " AND name = $3"};
    if (!client) return read_one<RoleRow>(sql.rows(of_realm, realm, name), read_row);
    return read_one<RoleRow>(sql.rows(of_client, realm, *client, name), read_row);
}

Result<List<RoleRow>> list(sql::Connection& sql, const RealmId& realm,
                           std::optional<ClientId> client, std::optional<RoleId> before,
                           std::size_t limit) {
    static constexpr Query of_realm{"SELECT " ROLE_COLUMNS
                                    " FROM roles WHERE realm_id = $1 AND client_id IS NULL"
                                    " AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"};
    static constexpr Query of_client{"SELECT " ROLE_COLUMNS
                                     " FROM roles WHERE realm_id = $1 AND client_id = $2"
                                     " AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"};
    if (!client) return read_all<RoleRow>(sql.rows(of_realm, realm, before, limit), read_row);
    return read_all<RoleRow>(sql.rows(of_client, realm, *client, before, limit), read_row);
}

Result<List<RoleRow>> search(sql::Connection& sql, const RealmId& realm,
                             std::optional<ClientId> client, std::string_view part,
                             std::optional<RoleId> before, std::size_t limit) {
    static constexpr Query query{
        "SELECT " ROLE_COLUMNS
        " FROM roles WHERE realm_id = $1 AND ((client_id IS NULL AND $2 IS NULL) OR client_id = $2)"
        " AND ($3 IS NULL OR id < $3) AND LOWER(name) LIKE $4 ESCAPE '\\'"
        " ORDER BY id DESC LIMIT $5"};
    return read_all<RoleRow>(sql.rows(query, realm, client, before, part, limit), read_row);
}

Result<List<Permissions>> permissions(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{"SELECT id, permissions FROM roles WHERE realm_id = $1"};
    return read_all<Permissions>(
        sql.rows(query, realm),
        [](const sql::Rows& rows) { return Permissions{rows.id<RoleId>(0), rows.string(1)}; }, 0);
}

Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm,
                           std::optional<ClientId> client) {
    static constexpr Query of_realm{
        "SELECT COUNT(*) FROM roles WHERE realm_id = $1 AND client_id IS NULL"};
    static constexpr Query of_client{
        "SELECT COUNT(*) FROM roles WHERE realm_id = $1 AND client_id = $2"};
    auto rows = client ? sql.rows(of_client, realm, *client) : sql.rows(of_realm, realm);
    const std::int64_t found = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> insert(Transaction& tx, const RoleRow& row) {
    static constexpr Query query{"INSERT INTO roles (" ROLE_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.client, row.name, row.description,
                               row.permissions, row.version, row.created_at, row.updated_at));
    return {};
}

Result<void> update(Transaction& tx, const RoleRow& row) {
    static constexpr Query query{
        "UPDATE roles SET name = $3, description = $4, permissions = $5, version = $6, "
        "updated_at = $7 WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.name, row.description, row.permissions,
                               row.version, row.updated_at));
    return {};
}

Result<void> remove(Transaction& tx, const RealmId& realm, const RoleId& id) {
    static constexpr Query assigned{
        "DELETE FROM user_roles WHERE realm_id = $1 AND role_id = $2 AND user_id IN "
        "(SELECT user_id FROM user_roles WHERE realm_id = $1 AND role_id = $2 LIMIT $3)"};
    // The rest is taken from them later (removals.h): it is nobody's role from now on.
    static constexpr Query left_over{
        "INSERT INTO removed_roles (realm_id, role_id) VALUES ($1, $2)"};
    static constexpr Query of_services{
        "DELETE FROM service_account_roles WHERE realm_id = $1 AND role_id = $2"};
    static constexpr Query role{"DELETE FROM roles WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_ASSIGN(const auto removed,
                     tx.sql().run(assigned, realm, id, limits::removed_at_once));
    if (removed == static_cast<std::int64_t>(limits::removed_at_once)) {
        POSTRIDER_TRY(tx.sql().run(left_over, realm, id));
    }
    POSTRIDER_TRY(tx.sql().run(of_services, realm, id));
    POSTRIDER_TRY(tx.sql().run(role, realm, id));
    return {};
}

}  // namespace roles_table

namespace user_roles_table {

Result<List<RoleRow>> list(sql::Connection& sql, const RealmId& realm, const UserId& user,
                           std::optional<RoleId> before, std::size_t limit) {
    static constexpr Query query{
        "SELECT " ROLE_COLUMNS_OF_R
        " FROM user_roles u JOIN roles r ON r.realm_id = u.realm_id AND r.id = u.role_id "
        "WHERE u.realm_id = $1 AND u.user_id = $2 AND ($3 IS NULL OR u.role_id < $3) "
        "ORDER BY u.role_id DESC LIMIT $4"};
    return read_all<RoleRow>(sql.rows(query, realm, user, before, limit), roles_table::read_row);
}

Result<List<std::string>> permissions(sql::Connection& sql, const RealmId& realm,
                                      const UserId& user) {
    static constexpr Query query{
        "SELECT r.permissions FROM user_roles u "
        "JOIN roles r ON r.realm_id = u.realm_id AND r.id = u.role_id "
        "WHERE u.realm_id = $1 AND u.user_id = $2"};
    return read_all<std::string>(
        sql.rows(query, realm, user), [](const sql::Rows& rows) { return rows.string(0); }, 0);
}

Result<std::optional<UserId>> enabled_holder(sql::Connection& sql, const RealmId& realm,
                                             const RoleId& role, Holder which) {
    static constexpr Query any{
        "SELECT a.user_id FROM user_roles a "
        "JOIN users u ON u.realm_id = a.realm_id AND u.id = a.user_id "
        "WHERE a.realm_id = $1 AND a.role_id = $2 AND u.enabled <> 0 LIMIT 1"};
    static constexpr Query with_credential{
        "SELECT a.user_id FROM user_roles a "
        "JOIN users u ON u.realm_id = a.realm_id AND u.id = a.user_id "
        "WHERE a.realm_id = $1 AND a.role_id = $2 AND u.enabled <> 0 AND EXISTS "
        "(SELECT 1 FROM credentials c WHERE c.realm_id = u.realm_id AND c.user_id = u.id) LIMIT 1"};
    return read_one<UserId>(sql.rows(which == Holder::any ? any : with_credential, realm, role),
                            [](const sql::Rows& rows) { return rows.id<UserId>(0); });
}

Result<bool> insert(Transaction& tx, const RealmId& realm, const UserId& user, const RoleId& role) {
    static constexpr Query query{
        "INSERT INTO user_roles (realm_id, user_id, role_id) VALUES ($1, $2, $3) "
        "ON CONFLICT (realm_id, user_id, role_id) DO NOTHING"};
    POSTRIDER_ASSIGN(const auto inserted, tx.sql().run(query, realm, user, role));
    return inserted > 0;
}

Result<bool> remove(Transaction& tx, const RealmId& realm, const UserId& user, const RoleId& role) {
    static constexpr Query query{
        "DELETE FROM user_roles WHERE realm_id = $1 AND user_id = $2 AND role_id = $3"};
    POSTRIDER_ASSIGN(const auto removed, tx.sql().run(query, realm, user, role));
    return removed > 0;
}

}  // namespace user_roles_table

namespace service_account_roles_table {

Result<List<RoleId>> list(sql::Connection& sql, const RealmId& realm, const ClientId& client) {
    static constexpr Query query{
        "SELECT role_id FROM service_account_roles WHERE realm_id = $1 AND client_id = $2 "
        "ORDER BY role_id DESC"};
    return read_all<RoleId>(
        sql.rows(query, realm, client), [](const sql::Rows& rows) { return rows.id<RoleId>(0); },
        0);
}

Result<List<std::string>> permissions(sql::Connection& sql, const RealmId& realm,
                                      const ClientId& client) {
    static constexpr Query query{
        "SELECT r.permissions FROM service_account_roles s "
        "JOIN roles r ON r.realm_id = s.realm_id AND r.id = s.role_id "
        "WHERE s.realm_id = $1 AND s.client_id = $2"};
    return read_all<std::string>(
        sql.rows(query, realm, client), [](const sql::Rows& rows) { return rows.string(0); }, 0);
}

Result<void> replace(Transaction& tx, const RealmId& realm, const ClientId& client,
                     const std::vector<RoleId>& roles) {
    static constexpr Query clear{
        "DELETE FROM service_account_roles WHERE realm_id = $1 AND client_id = $2"};
    static constexpr Query add{
        "INSERT INTO service_account_roles (realm_id, client_id, role_id) VALUES ($1, $2, $3) "
        "ON CONFLICT (realm_id, client_id, role_id) DO NOTHING"};
    POSTRIDER_TRY(tx.sql().run(clear, realm, client));
    for (const RoleId& role : roles) POSTRIDER_TRY(tx.sql().run(add, realm, client, role));
    return {};
}

}  // namespace service_account_roles_table

Result<List<RoleRow>> search::roles(sql::Connection& sql, const RealmId& realm,
                                    std::optional<ClientId> client, const Text& text,
                                    std::optional<RoleId> before, std::size_t limit) {
    return roles_table::search(sql, realm, client, text.part(), before, limit);
}

}  // namespace postrider::store
