// Removals that may concern very many rows.
#include "store/removals.h"

#include "store/list.h"

namespace postrider::store::removals {

using sql::Query;

Result<void> remove_users(Transaction& tx, const RealmId& realm, std::span<const UserId> users,
                          std::vector<bool>& removed) {
    static constexpr Query roles{"DELETE FROM user_roles WHERE realm_id = $1 AND user_id = $2"};
    static constexpr Query resets{
        "DELETE FROM password_resets WHERE realm_id = $1 AND user_id = $2"};
    static constexpr Query sealed{"DELETE FROM sealed_resets WHERE realm_id = $1 AND user_id = $2"};
    static constexpr Query sessions{"DELETE FROM sessions WHERE realm_id = $1 AND user_id = $2"};
    static constexpr Query credentials{
        "DELETE FROM credentials WHERE realm_id = $1 AND user_id = $2"};
    static constexpr Query user{"DELETE FROM users WHERE realm_id = $1 AND id = $2"};
    const auto arguments = [&realm](auto bind, const UserId& id) { bind(realm, id); };
    for (const Query* query : {&roles, &resets, &sealed, &sessions, &credentials}) {
        POSTRIDER_TRY(tx.sql().run_each(*query, users, arguments));
    }
    return tx.sql().run_each(user, users, arguments, &removed);
}

Result<bool> is_left_over(sql::Connection& sql, const RealmId& realm, const RoleId& role) {
    static constexpr Query query{
        "SELECT 1 FROM removed_roles WHERE realm_id = $1 AND role_id = $2"};
    auto rows = sql.rows(query, realm, role);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::int64_t> sweep_roles(Transaction& tx, std::size_t limit) {
    static constexpr Query first{"SELECT realm_id, role_id FROM removed_roles LIMIT 1"};
    static constexpr Query assigned{
        "DELETE FROM user_roles WHERE realm_id = $1 AND role_id = $2 AND user_id IN "
        "(SELECT user_id FROM user_roles WHERE realm_id = $1 AND role_id = $2 LIMIT $3)"};
    static constexpr Query done{"DELETE FROM removed_roles WHERE realm_id = $1 AND role_id = $2"};
    static constexpr Query forget_first{
        "DELETE FROM removed_roles WHERE (realm_id, role_id) IN "
        "(SELECT realm_id, role_id FROM removed_roles LIMIT 1)"};
    RealmId realm;
    RoleId role;
    bool is_readable = true;
    auto rows = tx.sql().rows(first);
    const bool found = rows.next();
    if (found) {
        realm = rows.id<RealmId>(0);
        role = rows.id<RoleId>(1);
        is_readable = !rows.is_unreadable();
        if (!is_readable) log_unreadable(rows.forgive());
    }
    POSTRIDER_TRY(rows.finish());
    if (!found) return 0;
    // The log says which; those behind it must not wait for ever.
    if (!is_readable) return tx.sql().run(forget_first);
    POSTRIDER_ASSIGN(const auto removed, tx.sql().run(assigned, realm, role, limit));
    if (removed < static_cast<std::int64_t>(limit)) {
        POSTRIDER_TRY(tx.sql().run(done, realm, role));
    }
    return removed + 1;
}

}  // namespace postrider::store::removals
