#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "cli/context.h"
#include "cli/keycloak.h"
#include "cli/progress.h"

namespace postrider::cli {
namespace {

using Items = std::expected<json::Array, ExitCode>;

/// Reads a realm through the API. Requests of one thing each: an export has no hurry.
class Export {
 public:
    explicit Export(Context& context) : context_(context) {}

    std::expected<json::Value, ExitCode> run() {
        const auto realm = context_.ask("GET", context_.in_realm(""));
        if (!realm) return std::unexpected(realm.error());
        auto clients = all("/clients");
        auto roles = clients ? all("/roles") : clients;
        auto users = roles ? all("/users") : roles;
        if (!users) return std::unexpected(users.error());
        Progress progress(context_, clients->size() + users->size());
        note_roles(*roles, "");
        json::Array client_list;
        json::Array user_list;
        json::Object roles_of_clients;
        for (const json::Value& client : *clients) {
            const auto roles_here = all("/clients/" + text_of(client, "id") + "/roles");
            if (!roles_here) return std::unexpected(roles_here.error());
            note_roles(*roles_here, text_of(client, "client_id"));
            if (!roles_here->empty()) {
                roles_of_clients.emplace_back(text_of(client, "client_id"), role_list(*roles_here));
            }
        }
        for (const json::Value& client : *clients) {
            auto entry = client_entry(client);
            if (!entry) return std::unexpected(entry.error());
            client_list.push_back(std::move(*entry));
            add_service_account(client, user_list);
            progress.advance("clients", 1);
        }
        for (const json::Value& user : *users) {
            auto entry = user_entry(user);
            if (!entry) return std::unexpected(entry.error());
            user_list.push_back(std::move(*entry));
            progress.advance("users", 1);
        }
        return json::Value(json::Object{
            {"realm", text_of(realm->value, "name")},
            {"displayName", text_of(realm->value, "display_name")},
            {"enabled", true},
            {"roles",
             json::Object{{"realm", role_list(*roles)}, {"client", std::move(roles_of_clients)}}},
            {"clients", std::move(client_list)},
            {"users", std::move(user_list)}});
    }

 private:
    /// Every page of a list, oldest first.
    Items all(const std::string& path) {
        json::Array items;
        std::optional<std::string> cursor;
        do {
            const auto page =
                context_.ask("GET", context_.in_realm(path) +
                                        Query().add("limit", "200").add("cursor", cursor).text());
            if (!page) return std::unexpected(page.error());
            const json::Value* found = page->value.find("items");
            if (found != nullptr && found->as_array() != nullptr) {
                items.insert(items.end(), found->as_array()->begin(), found->as_array()->end());
            }
            cursor = text_of(page->value, "next_cursor");
        } while (!cursor->empty());
        std::ranges::reverse(items);
        return items;
    }

    void note_roles(const json::Array& roles, const std::string& client_id) {
        for (const json::Value& role : roles) {
            roles_[text_of(role, "id")] = {text_of(role, "name"), client_id};
        }
    }

    static json::Array role_list(const json::Array& roles) {
        json::Array out;
        for (const json::Value& role : roles) {
            json::Object entry{{"name", text_of(role, "name")},
                               {"description", text_of(role, "description")}};
            const json::Value* permissions = role.find("permissions");
            if (permissions != nullptr && permissions->as_array() != nullptr &&
                !permissions->as_array()->empty()) {
                entry.emplace_back(
                    "attributes",
                    json::Object{{std::string(keycloak::permissions_attribute), *permissions}});
            }
            out.emplace_back(std::move(entry));
        }
        return out;
    }

    Items uris_of(const json::Value& client) {
        const auto found = all("/clients/" + text_of(client, "id") + "/redirects");
        if (!found) return found;
        json::Array uris;
        for (const json::Value& uri : *found) uris.emplace_back(text_of(uri, "value"));
        return uris;
    }

    std::expected<json::Value, ExitCode> client_entry(const json::Value& client) {
        auto uris = uris_of(client);
        if (!uris) return std::unexpected(uris.error());
        return json::Value(json::Object{
            {"clientId", text_of(client, "client_id")},
            {"name", text_of(client, "name")},
            {"description", text_of(client, "description")},
            {"enabled", text_of(client, "enabled") == "true"},
            {"publicClient", text_of(client, "type") == "public"},
            {"serviceAccountsEnabled", !text_of(client, "service_account_roles").empty()},
            {"redirectUris", std::move(*uris)}});
    }

    /// Keycloak writes it as a user.
    void add_service_account(const json::Value& client, json::Array& users) {
        const json::Value* ids = client.find("service_account_roles");
        if (ids == nullptr || ids->as_array() == nullptr || ids->as_array()->empty()) return;
        const auto client_id = text_of(client, "client_id");
        json::Object entry{{"username", std::string(keycloak::service_account_prefix) + client_id},
                           {"enabled", true},
                           {"serviceAccountClientId", client_id}};
        std::vector<std::string> roles;
        for (const json::Value& id : *ids->as_array()) {
            if (id.as_string() != nullptr) roles.push_back(*id.as_string());
        }
        add_roles(entry, roles);
        users.emplace_back(std::move(entry));
    }

    std::expected<json::Value, ExitCode> user_entry(const json::Value& user) {
        const auto roles = all("/users/" + text_of(user, "id") + "/roles");
        if (!roles) return std::unexpected(roles.error());
        json::Object entry{{"username", text_of(user, "username")}};
        for (const auto& [name, member] : {std::pair{"email", "email"},
                                           {"firstName", "first_name"},
                                           {"lastName", "last_name"}}) {
            auto text = text_of(user, member);
            if (!text.empty()) entry.emplace_back(name, std::move(text));
        }
        entry.emplace_back("emailVerified", text_of(user, "email_verified") == "true");
        entry.emplace_back("enabled", text_of(user, "enabled") == "true");
        if (const json::Value* attributes = user.find("attributes")) {
            entry.emplace_back("attributes", *attributes);
        }
        std::vector<std::string> ids;
        for (const json::Value& role : *roles) ids.push_back(text_of(role, "id"));
        add_roles(entry, ids);
        return json::Value(std::move(entry));
    }

    void add_roles(json::Object& entry, const std::vector<std::string>& ids) {
        json::Array of_realm;
        std::map<std::string, json::Array> of_clients;
        for (const auto& id : ids) {
            const auto role = roles_.find(id);
            if (role == roles_.end()) continue;  // made while we read
            const auto& [name, client_id] = role->second;
            (client_id.empty() ? of_realm : of_clients[client_id]).emplace_back(name);
        }
        if (!of_realm.empty()) entry.emplace_back("realmRoles", std::move(of_realm));
        if (of_clients.empty()) return;
        json::Object by_client;
        for (auto& [client_id, names] : of_clients) {
            by_client.emplace_back(client_id, std::move(names));
        }
        entry.emplace_back("clientRoles", std::move(by_client));
    }

    Context& context_;
    std::map<std::string, std::pair<std::string, std::string>> roles_;  ///< by id: name, client_id
};

/// For its owner alone: it is full of people's names. Errors: one sentence.
Result<void> write_file(const std::string& path, std::string_view text) {
    const auto failed = [&] {
        return fail(ErrorCode::unavailable,
                    fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
    };
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return failed();
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written < 0) {
            const auto result = failed();
            ::close(file);
            return result;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::close(file) != 0) return failed();
    return {};
}

int export_realm(Context& context, const Given& given) {
    auto realm = Export(context).run();
    if (!realm) return realm.error();
    const auto text = json::serialize_pretty(*realm) + "\n";
    const auto path = given.text("--out");
    if (!path) {
        context.terminal().out << (context.terminal().is_terminal ? printable_lines(text) : text);
        return exit_ok;
    }
    const auto written = write_file(*path, text);
    if (!written) {
        context.complain(written.error().message);
        return exit_failed;
    }
    context.say(fmt::format("{} has the realm {}, but no password and no secret", *path,
                            text_of(*realm, "realm")));
    return exit_ok;
}

}  // namespace

std::vector<Verb> export_verbs() {
    return {{.group = "",
             .name = "export",
             .summary = "write a realm's users, roles and clients as JSON",
             .arguments = {{"--out", "FILE", "a new file (default: standard output)"}},
             .examples = "postrider export --realm acme --out acme.json",
             .run = export_realm}};
}

}  // namespace postrider::cli
