#include "cli/keycloak.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace postrider::cli::keycloak {
namespace {

// Half of the limits of the API, so that a part stays a short transaction.
constexpr std::size_t part_entries_max = 100;
constexpr std::size_t part_names_max = 500;
constexpr std::size_t part_bytes_max = 1024 * 1024;

// What each realm of Keycloak has of its own, and means nothing elsewhere.
constexpr std::array<std::string_view, 7> own_clients{
    "account",          "account-console",        "admin-cli",   "broker",
    "realm-management", "security-admin-console", "master-realm"};

bool is_own_client(std::string_view client_id) {
    return std::ranges::find(own_clients, client_id) != own_clients.end();
}

bool is_own_role(std::string_view name) {
    return name == "offline_access" || name == "uma_authorization" ||
           name.starts_with("default-roles-");
}

std::string text(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    const std::string* found = value == nullptr ? nullptr : value->as_string();
    return found == nullptr ? std::string() : *found;
}

bool flag(const json::Value& object, std::string_view member, bool otherwise) {
    const json::Value* value = object.find(member);
    const bool* found = value == nullptr ? nullptr : value->as_bool();
    return found == nullptr ? otherwise : *found;
}

const json::Array& list(const json::Value& object, std::string_view member) {
    static const json::Array none;
    const json::Value* value = object.find(member);
    const json::Array* found = value == nullptr ? nullptr : value->as_array();
    return found == nullptr ? none : *found;
}

const json::Object& members(const json::Value& object, std::string_view member) {
    static const json::Object none;
    const json::Value* value = object.find(member);
    const json::Object* found = value == nullptr ? nullptr : value->as_object();
    return found == nullptr ? none : *found;
}

void copy_text(json::Object& to, std::string_view name, const json::Value& from,
               std::string_view member) {
    auto found = text(from, member);
    if (!found.empty()) to.emplace_back(name, std::move(found));
}

/// One file on its way into a realm.
class Reader {
 public:
    explicit Reader(Realm& realm) : realm_(realm) {}

    void read(const json::Value& file) {
        for (const json::Value& client : list(file, "clients")) read_client(client);
        if (const json::Value* roles = file.find("roles")) read_roles(*roles);
        for (const json::Value& user : list(file, "users")) read_user(user);
        for (const char* section : {"groups", "identityProviders", "clientScopes"}) {
            if (list(file, section).empty() || std::string_view(section) == "clientScopes")
                continue;
            realm_.note("these parts of a realm do not exist here",
                        fmt::format("{} {}", list(file, section).size(), section));
        }
    }

 private:
    void read_client(const json::Value& client) {
        const auto client_id = text(client, "clientId");
        if (is_own_client(client_id)) return;
        const bool is_public = flag(client, "publicClient", false);
        json::Object entry{{"client_id", client_id}};
        copy_text(entry, "name", client, "name");
        copy_text(entry, "description", client, "description");
        entry.emplace_back("type", is_public ? "public" : "confidential");
        entry.emplace_back("enabled", flag(client, "enabled", true));
        json::Array uris;
        for (const json::Value& uri : list(client, "redirectUris")) {
            const std::string* value = uri.as_string();
            if (value == nullptr) continue;
            if (value->find('*') != std::string::npos || value->find("://") == std::string::npos) {
                realm_.note(
                    "redirect URIs with a wildcard or without a host were left out: OAuth 2.1 "
                    "compares them as a whole; add the exact ones",
                    fmt::format("{}: {}", client_id, *value));
            } else if (std::ranges::find(uris, uri) == uris.end()) {
                uris.push_back(uri);
            }
        }
        if (!uris.empty()) entry.emplace_back("redirect_uris", std::move(uris));
        if (!is_public) {
            realm_.note(
                "confidential clients have a new secret, which nobody has seen: get one with "
                "postrider client rotate-secret",
                client_id);
        }
        realm_.clients.emplace_back(std::move(entry));
    }

    void read_roles(const json::Value& roles) {
        for (const json::Value& role : list(roles, "realm")) read_role(role, {});
        for (const auto& [client_id, of_client] : members(roles, "client")) {
            if (is_own_client(client_id) || of_client.as_array() == nullptr) continue;
            for (const json::Value& role : *of_client.as_array()) read_role(role, client_id);
        }
    }

    void read_role(const json::Value& role, const std::string& client_id) {
        const auto name = text(role, "name");
        if (client_id.empty() && is_own_role(name)) return;
        json::Object entry{{"name", name}};
        copy_text(entry, "description", role, "description");
        if (!client_id.empty()) entry.emplace_back("client_id", client_id);
        for (const auto& [attribute, value] : members(role, "attributes")) {
            if (attribute == permissions_attribute) entry.emplace_back("permissions", value);
        }
        if (flag(role, "composite", false)) {
            realm_.note(
                "roles that contain roles: only the role itself was taken over; give it "
                "permissions, and its users the other roles",
                client_id.empty() ? name : client_id + "/" + name);
        }
        realm_.roles.emplace_back(std::move(entry));
    }

    void read_user(const json::Value& user) {
        const auto service = text(user, "serviceAccountClientId");
        if (!service.empty()) {
            if (is_own_client(service)) return;
            json::Object entry{{"client_id", service}};
            if (add_roles(entry, user)) realm_.service_accounts.emplace_back(std::move(entry));
            return;
        }
        const auto username = text(user, "username");
        json::Object entry{{"username", username}};
        copy_text(entry, "email", user, "email");
        if (!text(user, "email").empty()) {
            entry.emplace_back("email_verified", flag(user, "emailVerified", false));
        }
        copy_text(entry, "first_name", user, "firstName");
        copy_text(entry, "last_name", user, "lastName");
        entry.emplace_back("enabled", flag(user, "enabled", true));
        if (const json::Value* value = user.find("attributes");
            value != nullptr && value->as_object() != nullptr && !value->as_object()->empty()) {
            entry.emplace_back("attributes", *value);
        }
        for (const json::Value& credential : list(user, "credentials")) {
            const bool password = text(credential, "type") == "password";
            realm_.note(password ? "passwords that cannot be used here, as only their hash was "
                                   "exported: let these users reset them (postrider user reset)"
                                 : "credentials other than passwords do not exist here",
                        username);
        }
        if (!list(user, "groups").empty()) {
            realm_.note("users who had roles through groups: assign them", username);
        }
        add_roles(entry, user);
        realm_.users.emplace_back(std::move(entry));
    }

    /// Returns whether there are any.
    static bool add_roles(json::Object& entry, const json::Value& user) {
        json::Array names;
        for (const json::Value& role : list(user, "realmRoles")) {
            if (role.as_string() != nullptr && !is_own_role(*role.as_string())) {
                names.push_back(role);
            }
        }
        json::Object of_clients;
        for (const auto& [client_id, roles] : members(user, "clientRoles")) {
            if (!is_own_client(client_id)) of_clients.emplace_back(client_id, roles);
        }
        const bool any = !names.empty() || !of_clients.empty();
        if (!names.empty()) entry.emplace_back("roles", std::move(names));
        if (!of_clients.empty()) entry.emplace_back("client_roles", std::move(of_clients));
        return any;
    }

    Realm& realm_;
};

/// Role names and redirect URIs, as the API counts them.
std::size_t count_names(const json::Value& entry) {
    std::size_t names = list(entry, "roles").size() + list(entry, "redirect_uris").size();
    for (const auto& [client_id, roles] : members(entry, "client_roles")) {
        if (roles.as_array() != nullptr) names += roles.as_array()->size();
    }
    return names;
}

}  // namespace

void Realm::note(std::string_view why, std::string what) {
    auto found = std::ranges::find(notes, why, &Note::first);
    if (found == notes.end()) found = notes.insert(found, Note{std::string(why), {}});
    if (found->second.empty() || found->second.back() != what) {
        found->second.push_back(std::move(what));
    }
}

Result<void> Realm::read(const json::Value& file) {
    const json::Array* several = file.as_array();
    if (several != nullptr && several->size() == 1) return read(several->front());
    const auto name_here = text(file, "realm");
    if (name_here.empty()) {
        return fail(ErrorCode::invalid_argument,
                    several != nullptr
                        ? "it has several realms: export one (kc.sh export --realm NAME)"
                        : R"(it is no realm that Keycloak exported: it has no "realm")");
    }
    if (!name.empty() && name != name_here) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("it is of the realm \"{}\", the one before of \"{}\": import one "
                                "realm at a time",
                                name_here, name));
    }
    name = name_here;
    if (display_name.empty()) display_name = text(file, "displayName");
    Reader(*this).read(file);
    return {};
}

std::vector<json::Array> parts_of(json::Array entries) {
    std::vector<json::Array> parts;
    std::size_t names = 0;
    std::size_t bytes = 0;
    for (json::Value& entry : entries) {
        const std::size_t more_names = count_names(entry);
        const std::size_t more_bytes = json::serialize(entry).size();
        const bool full = parts.empty() || parts.back().size() == part_entries_max ||
                          names + more_names > part_names_max ||
                          bytes + more_bytes > part_bytes_max;
        if (full) {
            parts.emplace_back();
            names = bytes = 0;
        }
        names += more_names;
        bytes += more_bytes;
        parts.back().push_back(std::move(entry));
    }
    return parts;
}

}  // namespace postrider::cli::keycloak
