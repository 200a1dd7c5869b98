#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "cli/import_report.h"
#include "cli/keycloak_members.h"

namespace postrider::cli::keycloak {

/// A role by its names. Compares by client, then by name.
struct RoleRef {
    std::string client;  ///< client_id; "": of the realm
    std::string name;
    auto operator<=>(const RoleRef&) const = default;
    /// "web/buyer", "auditor".
    std::string text() const { return client.empty() ? name : client + "/" + name; }
};

/// What each realm of Keycloak has of its own, and means nothing elsewhere.
bool is_own_client(std::string_view client_id);

/// Reads lists of names: of the realm's roles, and of clients' by their client_id. What is no name
/// is reported; `owner` has it.
std::vector<RoleRef> role_refs(const json::Value* of_realm, const json::Value* of_clients,
                               std::string_view owner, ImportReport& report);

/// A line of the report.
inline constexpr std::string_view new_ids =
    "ids of realms, clients, roles and groups: new ones are made";

/// Which roles there are, which roles contain roles, and which come through groups: so that
/// everybody gets the roles here that they had there, as roles contain no roles here and there are
/// no groups. Thread-safety: one thread.
class RoleGraph {
 public:
    /// A role that will be there: of the files, or of the realm that they go into.
    void define(const RoleRef& role) { roles_.try_emplace(role); }
    /// What a role contains.
    void contain(const RoleRef& role, std::vector<RoleRef> inner);
    /// The role that everybody has in Keycloak, which is not taken over: what is in it is. A file
    /// that does not name it has it by its prefix.
    void set_default(std::string name) { default_role_ = std::move(name); }
    bool is_default(const RoleRef& role) const {
        if (!role.client.empty()) return false;
        return default_role_.empty() ? role.name.starts_with("default-roles-")
                                     : role.name == default_role_;
    }
    /// A role that Keycloak makes by itself in every realm, and of its own clients.
    bool is_own(const RoleRef& role) const;
    bool is_defined(const RoleRef& role) const { return roles_.contains(role); }

    /// Reads the tree below `groups`, and reports what has no counterpart. What is deeper than a
    /// JSON text can be does not exist.
    void read_groups(json::Array groups, ImportReport& report);

    /// What somebody has: their own roles, those in them, and those of their groups, each once, as
    /// far as they exist here. Reports the rest. `who` is for the report.
    std::vector<RoleRef> resolve(const std::vector<RoleRef>& direct,
                                 const std::vector<std::string>& groups, std::string_view who,
                                 ImportReport& report) const;

    /// The roles inside of a role that can be given here, whatever the depth.
    std::vector<RoleRef> inside(const RoleRef& role) const;

 private:
    struct Role {
        std::vector<RoleRef> inner;
    };
    struct Group {
        std::string parent;  ///< path; "": none
        std::vector<RoleRef> roles;
    };
    void read_group(json::Value value, const std::string& parent, std::size_t index,
                    ImportReport& report);
    /// The role and those in it. Remembered: 100,000 users have the same few. Only after all that
    /// there is was read.
    const std::vector<RoleRef>& closure(const RoleRef& role) const;
    void expand(const RoleRef& role, std::set<RoleRef>& found) const;

    std::map<RoleRef, Role> roles_;
    std::map<RoleRef, Role> own_;  ///< those that are not taken over, for what is in them
    std::unordered_map<std::string, Group> groups_;
    std::string default_role_;
    mutable std::map<RoleRef, std::vector<RoleRef>> closures_;
};

/// Adds `roles` and `client_roles` of the import format to an entry.
void add_roles(json::Object& entry, const std::vector<RoleRef>& roles);

}  // namespace postrider::cli::keycloak
