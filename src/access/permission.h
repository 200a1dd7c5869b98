#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace postrider::access {

/// What a principal may do. Persistent (API keys, openapi.yaml's x-permission); never rename.
enum class Permission : std::uint8_t {
    view_realms,
    manage_realms,
    view_users,
    manage_users,
    view_roles,
    manage_roles,
    view_clients,
    manage_clients,
    view_webhooks,
    manage_webhooks,
    view_api_keys,
    manage_api_keys,
    view_events,
    publish_events,
    publish_builtin_events,  ///< publish a type of the catalogue through the API
    reveal_secrets,          ///< see signing secrets and header values
    redeliver,               ///< redeliver, recover, test
    view_audit,
    view_metrics,
};
std::span<const Permission> all_permissions();
std::string_view to_string(Permission permission);
std::optional<Permission> parse_permission(std::string_view text);

/// A set of permissions; a value.
class PermissionSet {
 public:
    PermissionSet() = default;
    PermissionSet(std::initializer_list<Permission> permissions) {
        for (Permission permission : permissions) add(permission);
    }
    static PermissionSet all();
    void add(Permission permission) { bits_ |= bit(permission); }
    bool has(Permission permission) const { return (bits_ & bit(permission)) != 0; }
    void add_all(const PermissionSet& others) { bits_ |= others.bits_; }
    bool has_all(const PermissionSet& others) const { return (others.bits_ & ~bits_) == 0; }
    /// Those that the other set has not.
    PermissionSet without(const PermissionSet& others) const {
        PermissionSet rest;
        rest.bits_ = bits_ & ~others.bits_;
        return rest;
    }
    bool is_empty() const { return bits_ == 0; }
    bool operator==(const PermissionSet&) const = default;

 private:
    static std::uint32_t bit(Permission permission) {
        return std::uint32_t{1} << static_cast<unsigned>(permission);
    }
    std::uint32_t bits_ = 0;
};

/// The names in the order of the enumerators, as a JSON array: how they are stored and shown.
std::string to_json(const PermissionSet& permissions);
/// What a stored JSON array names; names that are unknown (of another version) are left out.
PermissionSet from_json(std::string_view json_array);

}  // namespace postrider::access
