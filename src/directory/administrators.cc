#include "directory/administrators.h"

#include "directory/realm_index.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using access::PermissionSet;

Result<bool> has_administrator(store::sql::Connection& sql, const RealmId& realm) {
    POSTRIDER_ASSIGN(const auto roles, store::roles_table::permissions(sql, realm));
    for (const auto& role : roles) {
        if (access::from_json(role.permissions) != PermissionSet::all()) continue;
        POSTRIDER_ASSIGN(const auto holder, store::user_roles_table::enabled_holder(
                                                sql, realm, role.id, std::nullopt));
        if (holder) return true;
    }
    return false;
}

std::string first_name(const PermissionSet& set) {
    for (const access::Permission permission : access::all_permissions()) {
        if (set.has(permission)) return std::string(to_string(permission));
    }
    return {};
}

}  // namespace

Result<void> check_grant(const Caller& caller, const PermissionSet& granted) {
    const PermissionSet lacking = granted.without(caller.held);
    if (lacking.is_empty()) return {};
    return fail(
        ErrorCode::permission_denied,
        "nobody grants what they do not have; you lack the permission " + first_name(lacking));
}

PermissionSet union_of(const std::vector<std::string>& permissions) {
    PermissionSet all;
    for (const std::string& list : permissions) all.add_all(access::from_json(list));
    return all;
}

Result<void> check_takeover(store::sql::Connection& sql, const Caller& caller, const RealmId& realm,
                            const UserId& user) {
    POSTRIDER_ASSIGN(const auto lists, store::user_roles_table::permissions(sql, realm, user));
    const PermissionSet lacking = union_of(lists).without(caller.held);
    if (lacking.is_empty()) return {};
    return fail(ErrorCode::permission_denied,
                "this user may do more than you; you lack the permission " + first_name(lacking));
}

Result<AdministratorGuard> AdministratorGuard::watch(store::sql::Connection& sql,
                                                     const RealmId& realm) {
    AdministratorGuard guard;
    guard.realm_ = realm;
    POSTRIDER_ASSIGN(const auto row, require_realm(sql, realm));
    if (row.name != master_name) return guard;
    POSTRIDER_ASSIGN(guard.was_there_, has_administrator(sql, realm));
    return guard;
}

Result<void> AdministratorGuard::check(store::sql::Connection& sql) const {
    if (!was_there_) return {};
    POSTRIDER_ASSIGN(const bool is_there, has_administrator(sql, realm_));
    if (is_there) return {};
    return fail(ErrorCode::conflict,
                "the realm master would lose its last administrator: give another enabled user a "
                "role with every permission first");
}

}  // namespace postrider::directory
