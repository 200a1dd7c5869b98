#include "directory/administrators.h"

#include "access/permission.h"
#include "directory/ledger.h"
#include "directory/realm_index.h"
#include "store/tables.h"

namespace postrider::directory {

Result<AdministratorGuard::Left> AdministratorGuard::look(store::sql::Connection& sql,
                                                          const RealmId& realm) {
    using store::user_roles_table::Holder;
    auto left = Left::nobody;
    POSTRIDER_ASSIGN(const auto roles, store::roles_table::permissions(sql, realm));
    for (const auto& role : roles) {
        if (access::from_json(role.permissions) != access::PermissionSet::all()) continue;
        POSTRIDER_ASSIGN(const auto able, store::user_roles_table::enabled_holder(
                                              sql, realm, role.id, Holder::with_credential));
        if (able) return Left::can_log_in;
        POSTRIDER_ASSIGN(const auto any,
                         store::user_roles_table::enabled_holder(sql, realm, role.id, Holder::any));
        if (any) left = Left::without_credential;
    }
    return left;
}

Result<AdministratorGuard> AdministratorGuard::watch(store::sql::Connection& sql,
                                                     const RealmId& realm) {
    AdministratorGuard guard;
    guard.realm_ = realm;
    POSTRIDER_ASSIGN(const auto row, require_realm(sql, realm));
    if (row.name != master_name) return guard;
    POSTRIDER_ASSIGN(guard.before_, look(sql, realm));
    return guard;
}

Result<void> AdministratorGuard::check(store::sql::Connection& sql) const {
    if (before_ == Left::nobody) return {};
    POSTRIDER_ASSIGN(const auto now, look(sql, realm_));
    if (now >= before_) return {};
    return fail(ErrorCode::conflict,
                "the realm master would lose its last administrator who can log in: give another "
                "enabled user a role with every permission and a password first");
}

}  // namespace postrider::directory
