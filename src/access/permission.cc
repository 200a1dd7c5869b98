#include "access/permission.h"

#include <array>

#include "base/json.h"

namespace postrider::access {

namespace {

struct Name {
    Permission permission;
    std::string_view text;
};

/// In the order of the enumerators: to_string() indexes it, and a test holds them equal.
constexpr std::array names = std::to_array<Name>({
    {Permission::view_realms, "view_realms"},
    {Permission::manage_realms, "manage_realms"},
    {Permission::view_users, "view_users"},
    {Permission::manage_users, "manage_users"},
    {Permission::view_roles, "view_roles"},
    {Permission::manage_roles, "manage_roles"},
    {Permission::view_clients, "view_clients"},
    {Permission::manage_clients, "manage_clients"},
    {Permission::view_webhooks, "view_webhooks"},
    {Permission::manage_webhooks, "manage_webhooks"},
    {Permission::view_api_keys, "view_api_keys"},
    {Permission::manage_api_keys, "manage_api_keys"},
    {Permission::view_events, "view_events"},
    {Permission::publish_events, "publish_events"},
    {Permission::publish_builtin_events, "publish_builtin_events"},
    {Permission::reveal_secrets, "reveal_secrets"},
    {Permission::redeliver, "redeliver"},
    {Permission::view_audit, "view_audit"},
    {Permission::view_metrics, "view_metrics"},
});

constexpr auto permissions = [] {
    std::array<Permission, names.size()> all{};
    for (std::size_t i = 0; i < names.size(); ++i) all[i] = names[i].permission;
    return all;
}();

}  // namespace

std::span<const Permission> all_permissions() { return permissions; }

std::string_view to_string(Permission permission) {
    return names[static_cast<std::size_t>(permission)].text;
}

std::optional<Permission> parse_permission(std::string_view text) {
    for (const Name& name : names) {
        if (name.text == text) return name.permission;
    }
    return std::nullopt;
}

PermissionSet PermissionSet::all() {
    PermissionSet set;
    for (Permission permission : permissions) set.add(permission);
    return set;
}

std::string to_json(const PermissionSet& set) {
    json::Array held;
    for (const Permission permission : permissions) {
        if (set.has(permission)) held.emplace_back(to_string(permission));
    }
    return json::serialize(held);
}

PermissionSet from_json(std::string_view json_array) {
    PermissionSet set;
    const auto value = json::parse(json_array);
    if (!value || value->as_array() == nullptr) return set;
    for (const json::Value& element : *value->as_array()) {
        const std::string* name = element.as_string();
        if (name == nullptr) continue;
        if (const auto permission = parse_permission(*name)) set.add(*permission);
    }
    return set;
}

}  // namespace postrider::access
