#include "store/import_tables.h"

#include "base/names.h"
#include "store/name_keys.h"

namespace postrider::store::import_tables {

using sql::Query;

Result<bool> is_free(sql::Connection& sql, const RealmId& realm, const std::optional<UserId>& id,
                     std::string_view username, const std::optional<std::string>& email) {
    // One key in each part of it: see users_table.
    static constexpr Query query{
        "SELECT 1 FROM users WHERE realm_id = $1 AND username_key = $2 UNION ALL "
        "SELECT 1 FROM users WHERE realm_id = $1 AND email_key = $3 UNION ALL "
        "SELECT 1 FROM users WHERE realm_id = $1 AND id = $4"};
    const std::string name_key = fold_name(username);
    std::optional<std::string> email_key;
    if (email) email_key = fold_name(*email);
    // Rows of before may have these.
    if (name_key != former_name_key(username)) return false;
    if (email && *email_key != former_name_key(*email)) return false;
    auto rows = sql.rows(query, realm, name_key, email_key, id);
    const bool is_taken = rows.next();
    POSTRIDER_TRY(rows.finish());
    return !is_taken;
}

Result<void> insert_users(Transaction& tx, std::span<const UserRow> rows) {
    static constexpr Query query{
        "INSERT INTO users (realm_id, id, username, email, email_verified, first_name, last_name, "
        "enabled, attributes, version, created_at, updated_at, username_key, email_key) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"};
    struct Keys {
        std::string username;
        std::optional<std::string> email;
    };
    std::vector<Keys> keys;
    keys.reserve(rows.size());
    for (const UserRow& row : rows) {
        auto& each = keys.emplace_back(Keys{fold_name(row.username), {}});
        if (row.email) each.email = fold_name(*row.email);
    }
    return tx.sql().run_each(query, rows, [&](auto bind, const UserRow& row) {
        const Keys& key = keys[static_cast<std::size_t>(&row - rows.data())];
        bind(row.realm, row.id, row.username, row.email, row.email_verified, row.first_name,
             row.last_name, row.enabled, row.attributes, row.version, row.created_at,
             row.updated_at, key.username, key.email);
    });
}

Result<void> insert_credentials(Transaction& tx, std::span<const CredentialRow> rows) {
    static constexpr Query query{
        "INSERT INTO credentials (realm_id, user_id, id, type, hash, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
    return tx.sql().run_each(query, rows, [](auto bind, const CredentialRow& row) {
        bind(row.realm, row.user, row.id, row.type, row.hash, row.created_at, row.updated_at);
    });
}

Result<void> insert_roles(Transaction& tx, std::span<const UserRoleRow> rows) {
    static constexpr Query query{
        "INSERT INTO user_roles (realm_id, user_id, role_id) VALUES ($1, $2, $3)"};
    return tx.sql().run_each(query, rows, [](auto bind, const UserRoleRow& row) {
        bind(row.realm, row.user, row.role);
    });
}

Result<void> insert_audit(Transaction& tx, std::span<const AuditRow> rows) {
    static constexpr Query query{
        "INSERT INTO audit (realm_id, id, actor_kind, actor_id, action, resource_id, detail) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
    return tx.sql().run_each(query, rows, [](auto bind, const AuditRow& row) {
        bind(row.realm, row.id, row.actor_kind, row.actor_id, row.action, row.resource_id,
             row.detail);
    });
}

}  // namespace postrider::store::import_tables
