#include "cli/keycloak_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/limits.h"

namespace postrider::cli::keycloak {

namespace {

// Half of what a part may have, so that an entry always fits one.
constexpr std::size_t roles_of_one_max = limits::import_names_max / 2;

constexpr std::array<std::string_view, 7> own_clients{
    "account",          "account-console",        "admin-cli",   "broker",
    "realm-management", "security-admin-console", "master-realm"};

}  // namespace

bool is_own_client(std::string_view client_id) {
    return std::ranges::find(own_clients, client_id) != own_clients.end();
}

std::vector<RoleRef> role_refs(const json::Value* of_realm, const json::Value* of_clients,
                               std::string_view owner, ImportReport& report) {
    std::vector<RoleRef> refs;
    const auto refuse = [&] {
        report.left_out("names of roles that are no names, or no list of them", short_name(owner));
    };
    const auto add = [&](const std::string& client, const json::Value& names) {
        if (names.as_array() == nullptr) {
            if (!is_nothing(names)) refuse();
            return;
        }
        for (const json::Value& name : *names.as_array()) {
            if (name.as_string() != nullptr) {
                refs.push_back({client, *name.as_string()});
            } else {
                refuse();
            }
        }
    };
    if (of_realm != nullptr) add("", *of_realm);
    if (of_clients == nullptr || is_nothing(*of_clients)) return refs;
    if (of_clients->as_object() == nullptr) return refuse(), refs;
    for (const auto& [client, names] : *of_clients->as_object()) add(client, names);
    return refs;
}

void RoleGraph::contain(const RoleRef& role, std::vector<RoleRef> inner) {
    auto& all = is_own(role) || is_default(role) ? own_ : roles_;
    auto& known = all[role].inner;
    known.insert(known.end(), std::make_move_iterator(inner.begin()),
                 std::make_move_iterator(inner.end()));
}

bool RoleGraph::is_own(const RoleRef& role) const {
    if (!role.client.empty()) return is_own_client(role.client);
    return role.name == "offline_access" || role.name == "uma_authorization";
}

void RoleGraph::read_groups(json::Array groups, ImportReport& report) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
        read_group(std::move(groups[i]), "", i, report);
    }
}

void RoleGraph::read_group(json::Value value, const std::string& parent, std::size_t index,
                           ImportReport& report) {
    const std::string shown = name_of(value, index);
    Members group(std::move(value));
    const std::string name = group.take_text("name").value_or(shown);
    const std::string path = group.take_text("path").value_or(parent + "/" + name);
    for (const char* member : {"id", "parentId"}) {
        if (group.take_text(member)) report.adapted(new_ids, path);
    }
    if (group.take_number("subGroupCount")) report.taken_over();
    const auto of_realm = group.take("realmRoles");
    const auto of_clients = group.take("clientRoles");
    Group known{.parent = parent,
                .roles = role_refs(of_realm ? &*of_realm : nullptr,
                                   of_clients ? &*of_clients : nullptr, path, report)};
    std::string roles;
    constexpr std::size_t shown_max = 10;
    for (std::size_t i = 0; i < std::min(known.roles.size(), shown_max); ++i) {
        roles += (roles.empty() ? ": " : ", ") + known.roles[i].text();
    }
    if (known.roles.size() > shown_max) roles += ", …";
    report.adapted(
        "groups do not exist here: whoever is in one is given its roles, once; a later change of "
        "the group does not follow",
        short_name(path + roles));
    groups_[path] = std::move(known);
    auto below = group.take_list("subGroups");
    group.report_rest(report, "groups", path);
    if (!below) return;
    for (std::size_t i = 0; i < below->size(); ++i) {
        read_group(std::move((*below)[i]), path, i, report);
    }
}

const std::vector<RoleRef>& RoleGraph::closure(const RoleRef& role) const {
    if (const auto known = closures_.find(role); known != closures_.end()) return known->second;
    std::vector<RoleRef> found;
    std::vector<RoleRef> waiting{role};
    std::set<RoleRef> seen;
    while (!waiting.empty() && seen.size() < 2 * roles_of_one_max) {
        const RoleRef next = std::move(waiting.back());
        waiting.pop_back();
        if (!seen.insert(next).second) continue;
        if (is_defined(next)) found.push_back(next);
        for (const auto* all : {&roles_, &own_}) {
            const auto known = all->find(next);
            if (known == all->end()) continue;
            const auto& inner = known->second.inner;
            const std::size_t count = std::min(inner.size(), 2 * roles_of_one_max);
            waiting.insert(waiting.end(), inner.begin(),
                           inner.begin() + static_cast<std::ptrdiff_t>(count));
        }
    }
    return closures_.emplace(role, std::move(found)).first->second;
}

void RoleGraph::expand(const RoleRef& role, std::set<RoleRef>& found) const {
    const auto& all = closure(role);
    found.insert(all.begin(), all.end());
}

std::vector<RoleRef> RoleGraph::inside(const RoleRef& role) const {
    std::set<RoleRef> found;
    expand(role, found);
    found.erase(role);
    return {found.begin(), found.end()};
}

std::vector<RoleRef> RoleGraph::resolve(const std::vector<RoleRef>& direct,
                                        const std::vector<std::string>& groups,
                                        std::string_view who, ImportReport& report) const {
    std::set<RoleRef> found;
    const auto named = [&](std::string_view what) { return fmt::format("{}: {}", who, what); };
    for (const RoleRef& role : direct) {
        if (is_default(role)) {
            report.adapted(
                "the role that everybody has in Keycloak: the roles in it are given one "
                "by one",
                role.text());
        } else if (is_own(role) && role.client.empty()) {
            report.left_out("roles that Keycloak makes itself mean nothing here", role.text());
        } else if (is_own(role)) {
            report.left_out("roles of Keycloak's own clients mean nothing here",
                            short_name(named(role.text())));
        } else if (!is_defined(role)) {
            report.left_out("roles that are not in the file: nobody is given them",
                            short_name(named(role.text())));
        } else {
            report.taken_over();
        }
        if (found.size() < roles_of_one_max) expand(role, found);
    }
    for (const std::string& path : groups) {
        if (!groups_.contains(path)) {
            report.left_out("groups that are not in the file: their roles are not known",
                            short_name(named(path)));
            continue;
        }
        report.adapted("users who were in groups: they are given the groups' roles",
                       short_name(named(path)));
        std::size_t depth = 0;
        for (auto group = groups_.find(path);
             group != groups_.end() && depth < limits::json_depth_max;
             group = groups_.find(group->second.parent), ++depth) {
            for (const RoleRef& role : group->second.roles) {
                if (found.size() >= roles_of_one_max) break;
                if (is_own(role) && !is_default(role)) {
                    report.left_out(
                        "roles of Keycloak's own that came through groups mean nothing here",
                        short_name(fmt::format("{}: {}", path, role.text())), 0);
                } else if (!is_defined(role) && !is_default(role)) {
                    report.left_out(
                        "roles of groups that are not in the file: nobody is given them",
                        short_name(fmt::format("{}: {}", path, role.text())), 0);
                }
                expand(role, found);
            }
        }
    }
    std::vector<RoleRef> roles(found.begin(), found.end());
    if (roles.size() > roles_of_one_max) {
        for (std::size_t i = roles_of_one_max; i < roles.size(); ++i) {
            report.left_out(fmt::format("roles beyond {} of one user", roles_of_one_max),
                            short_name(named(roles[i].text())));
        }
        roles.resize(roles_of_one_max);
    }
    return roles;
}

void add_roles(json::Object& entry, const std::vector<RoleRef>& roles) {
    json::Array of_realm;
    json::Object of_clients;
    for (const RoleRef& role : roles) {  // sorted by client, so that each has one list
        if (role.client.empty()) {
            of_realm.emplace_back(role.name);
            continue;
        }
        if (of_clients.empty() || of_clients.back().first != role.client) {
            of_clients.emplace_back(role.client, json::Array{});
        }
        of_clients.back().second.as_array()->emplace_back(role.name);
    }
    if (!of_realm.empty()) entry.emplace_back("roles", std::move(of_realm));
    if (!of_clients.empty()) entry.emplace_back("client_roles", std::move(of_clients));
}

}  // namespace postrider::cli::keycloak
