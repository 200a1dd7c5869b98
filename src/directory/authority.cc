#include "directory/authority.h"

#include <fmt/format.h>

#include "model/limits.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using access::PermissionSet;

std::string first_name(const PermissionSet& set) {
    for (const access::Permission permission : access::all_permissions()) {
        if (set.has(permission)) return std::string(to_string(permission));
    }
    return {};
}

Result<PermissionSet> service_account_of(store::sql::Connection& sql,
                                         const store::ClientRow& client) {
    POSTRIDER_ASSIGN(const auto lists,
                     store::service_account_roles_table::permissions(sql, client.realm, client.id));
    return union_of(lists);
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

Result<Clearance> Clearance::decide(const Caller& caller, const PermissionSet& power,
                                    std::string_view what) {
    const PermissionSet lacking = power.without(caller.held);
    if (lacking.is_empty()) return Clearance{};
    return fail(ErrorCode::permission_denied,
                fmt::format("this {} may do more than you; you lack the permission {}", what,
                            first_name(lacking)));
}

Result<Clearance> clear_user(store::sql::Connection& sql, const Caller& caller,
                             const RealmId& realm, const UserId& user) {
    POSTRIDER_ASSIGN(const auto lists, store::user_roles_table::permissions(sql, realm, user));
    return Clearance::decide(caller, union_of(lists), "user");
}

Result<Clearance> clear_users(store::sql::Connection& sql, const Caller& caller,
                              const RealmId& realm, const std::vector<UserId>& users) {
    for (const UserId& user : users) POSTRIDER_TRY(clear_user(sql, caller, realm, user));
    return Clearance{};
}

Result<Clearance> clear_role(const Caller& caller, const store::RoleRow& role) {
    return Clearance::decide(caller, access::from_json(role.permissions), "role");
}

Result<Clearance> clear_client(store::sql::Connection& sql, const Caller& caller,
                               const store::ClientRow& client) {
    POSTRIDER_ASSIGN(const auto power, service_account_of(sql, client));
    return Clearance::decide(caller, power, "client");
}

Result<Clearance> clear_client_removal(store::sql::Connection& sql, const Caller& caller,
                                       const store::ClientRow& client) {
    POSTRIDER_ASSIGN(auto power, service_account_of(sql, client));
    POSTRIDER_ASSIGN(const auto roles,
                     store::roles_table::list(sql, client.realm, client.id, std::nullopt,
                                              limits::roles_per_client_max));
    for (const store::RoleRow& role : roles) power.add_all(access::from_json(role.permissions));
    return Clearance::decide(caller, power, "client");
}

Result<Clearance> clear_api_key(const Caller& caller, const store::ApiKeyRow& key) {
    return Clearance::decide(caller, access::from_json(key.permissions), "API key");
}

Result<Clearance> clear_realm(store::sql::Connection& sql, const Caller& caller,
                              const RealmId& realm, Timestamp now) {
    POSTRIDER_ASSIGN(const auto lists, store::realms_table::permissions(sql, realm, now));
    return Clearance::decide(caller, union_of(lists), "realm's role or API key");
}

}  // namespace postrider::directory
