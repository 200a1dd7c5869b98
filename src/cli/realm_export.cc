#include "cli/realm_export.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "cli/keycloak.h"
#include "cli/realm_extras.h"
#include "cli/sealed_text.h"

namespace postrider::cli {

namespace {

bool is_true(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    return value != nullptr && value->as_bool() != nullptr && *value->as_bool();
}

json::Value member_of(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    return value == nullptr ? json::Value() : *value;
}

json::Array role_list(const json::Array& roles) {
    json::Array out;
    for (const json::Value& role : roles) {
        json::Object entry{{"id", text_of(role, "id")},
                           {"name", text_of(role, "name")},
                           {"description", text_of(role, "description")}};
        const json::Value permissions = member_of(role, "permissions");
        if (permissions.as_array() != nullptr && !permissions.as_array()->empty()) {
            entry.emplace_back(
                "attributes",
                json::Object{{std::string(keycloak::permissions_attribute), permissions}});
        }
        out.emplace_back(std::move(entry));
    }
    return out;
}

}  // namespace

std::expected<json::Value, ExitCode> RealmExport::run() {
    const auto realm = context_.ask("GET", context_.in_realm(""));
    if (!realm) return std::unexpected(realm.error());
    const auto clients = all("/clients");
    if (!clients) return std::unexpected(clients.error());
    const auto roles = all("/roles");
    if (!roles) return std::unexpected(roles.error());
    const auto users = all("/users");
    if (!users) return std::unexpected(users.error());
    Progress progress(context_, clients->size() + users->size());
    note_roles(*roles, "");
    json::Object roles_of_clients;
    if (auto read = read_roles_of_clients(*clients, roles_of_clients); !read) {
        return std::unexpected(read.error());
    }
    json::Array client_list;
    json::Array user_list;
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
    auto more = extras(text_of(realm->value, "name"));
    if (!more) return std::unexpected(more.error());
    return json::Value(json::Object{
        {"realm", text_of(realm->value, "name")},
        {"displayName", text_of(realm->value, "display_name")},
        {"enabled", true},
        {"roles",
         json::Object{{"realm", role_list(*roles)}, {"client", std::move(roles_of_clients)}}},
        {"clients", std::move(client_list)},
        {"users", std::move(user_list)},
        {std::string(keycloak::extras_member), std::move(*more)}});
}

std::vector<std::string> RealmExport::omissions() const {
    std::vector<std::string> out;
    if (secrets_ == Secrets::left_out) {
        out.push_back(
            "Passwords, the secrets of clients and webhooks, and the values of webhooks' headers "
            "are not in it: --with-secrets seals them with a passphrase.");
    }
    if (!withheld_.empty()) {
        std::string names;
        constexpr std::size_t shown_max = 10;
        for (std::size_t i = 0; i < std::min(withheld_.size(), shown_max); ++i) {
            names += (i == 0 ? "" : ", ") + withheld_[i];
        }
        out.push_back(
            fmt::format("{} may do what the token may not, so their secrets are not in it: {}{}",
                        withheld_.size(), names, withheld_.size() > shown_max ? ", …" : ""));
    }
    out.push_back(
        "The log of events and deliveries, the audit log, API keys and sessions stay where they "
        "are; webhooks and event types have new ids after an import.");
    return out;
}

RealmExport::Items RealmExport::all(const std::string& path) {
    json::Array items;
    std::optional<std::string> cursor;
    do {
        auto page =
            context_.ask("GET", context_.in_realm(path) +
                                    Query().add("limit", "200").add("cursor", cursor).text());
        if (!page) return std::unexpected(page.error());
        const json::Value* found = page->value.find("items");
        if (found != nullptr && found->as_array() != nullptr) {
            items.insert(items.end(), found->as_array()->begin(), found->as_array()->end());
        }
        const auto next = text_of(page->value, "next_cursor");
        cursor = next.empty() ? std::nullopt : std::optional(next);
    } while (cursor);
    std::ranges::reverse(items);  // oldest first, so that an import makes them in that order
    return items;
}

void RealmExport::note_roles(const json::Array& roles, const std::string& client_id) {
    for (const json::Value& role : roles) {
        roles_[text_of(role, "id")] = {text_of(role, "name"), client_id};
    }
}

RealmExport::Done RealmExport::read_roles_of_clients(const json::Array& clients, json::Object& to) {
    for (const json::Value& client : clients) {
        const auto roles = all("/clients/" + text_of(client, "id") + "/roles");
        if (!roles) return std::unexpected(roles.error());
        note_roles(*roles, text_of(client, "client_id"));
        if (!roles->empty()) to.emplace_back(text_of(client, "client_id"), role_list(*roles));
    }
    return {};
}

std::expected<json::Value, ExitCode> RealmExport::reveal(const std::string& path,
                                                         const std::string& name) {
    const auto answer = context_.send("GET", context_.in_realm(path));
    if (answer && answer->status == 200) {
        return json::parse(answer->body).value_or(json::Value());
    }
    if (answer && answer->status == 403) {
        // Without the permission nothing is revealed at all, which is no export.
        if (answer->body.find("reveal_secrets") == std::string::npos) {
            withheld_.push_back(name);
            return json::Value();
        }
    }
    if (answer) return std::unexpected(context_.refuse(*answer));
    context_.complain(answer.error().message);
    return std::unexpected(exit_failed);
}

std::expected<json::Value, ExitCode> RealmExport::client_entry(const json::Value& client) {
    const auto client_id = text_of(client, "client_id");
    json::Object entry{
        {"id", text_of(client, "id")},
        {"clientId", client_id},
        {"name", text_of(client, "name")},
        {"description", text_of(client, "description")},
        {"enabled", is_true(client, "enabled")},
        {"publicClient", text_of(client, "type") == "public"},
        {"serviceAccountsEnabled", !text_of(client, "service_account_roles").empty()}};
    if (auto added = add_redirect_uris(client, entry); !added) {
        return std::unexpected(added.error());
    }
    if (secrets_ == Secrets::sealed && text_of(client, "type") != "public") {
        const auto shown =
            reveal("/clients/" + text_of(client, "id") + "?reveal=secret_hash", client_id);
        if (!shown) return std::unexpected(shown.error());
        auto hash = text_of(*shown, "secret_hash");
        if (!hash.empty()) client_hashes_.emplace_back(client_id, std::move(hash));
    }
    return json::Value(std::move(entry));
}

RealmExport::Done RealmExport::add_redirect_uris(const json::Value& client, json::Object& entry) {
    const auto found = all("/clients/" + text_of(client, "id") + "/redirects");
    if (!found) return std::unexpected(found.error());
    json::Array enabled;
    json::Array disabled;  // Keycloak has none that are
    for (const json::Value& uri : *found) {
        (is_true(uri, "enabled") ? enabled : disabled).emplace_back(text_of(uri, "value"));
    }
    entry.emplace_back("redirectUris", std::move(enabled));
    if (!disabled.empty()) {
        entry.emplace_back(
            "attributes",
            json::Object{{std::string(keycloak::disabled_uris_attribute), std::move(disabled)}});
    }
    return {};
}

/// Keycloak writes it as a user.
void RealmExport::add_service_account(const json::Value& client, json::Array& users) {
    const json::Value ids = member_of(client, "service_account_roles");
    if (ids.as_array() == nullptr || ids.as_array()->empty()) return;
    const auto client_id = text_of(client, "client_id");
    json::Object entry{{"username", std::string(keycloak::service_account_prefix) + client_id},
                       {"enabled", true},
                       {"serviceAccountClientId", client_id}};
    std::vector<std::string> roles;
    for (const json::Value& id : *ids.as_array()) {
        if (id.as_string() != nullptr) roles.push_back(*id.as_string());
    }
    add_roles(entry, roles);
    users.emplace_back(std::move(entry));
}

std::expected<json::Value, ExitCode> RealmExport::user_entry(const json::Value& user) {
    const auto id = text_of(user, "id");
    const auto username = text_of(user, "username");
    const auto roles = all("/users/" + id + "/roles");
    if (!roles) return std::unexpected(roles.error());
    json::Object entry{{"id", id}, {"username", username}};
    if (const auto created = parse_rfc3339(text_of(user, "created_at"))) {
        // Keycloak has milliseconds; ours are six digits finer.
        const std::int64_t micros = to_micros(*created);
        entry.emplace_back("createdTimestamp", (micros - (micros % 1000 + 1000) % 1000) / 1000);
        if (micros % 1000 != 0) {
            entry.emplace_back(std::string(keycloak::extras_member),
                               json::Object{{"created_at", text_of(user, "created_at")}});
        }
    }
    for (const auto& [name, member] :
         {std::pair{"email", "email"}, {"firstName", "first_name"}, {"lastName", "last_name"}}) {
        auto text = text_of(user, member);
        if (!text.empty()) entry.emplace_back(name, std::move(text));
    }
    entry.emplace_back("emailVerified", is_true(user, "email_verified"));
    entry.emplace_back("enabled", is_true(user, "enabled"));
    if (const json::Value* attributes = user.find("attributes")) {
        entry.emplace_back("attributes", *attributes);
    }
    std::vector<std::string> ids;
    for (const json::Value& role : *roles) ids.push_back(text_of(role, "id"));
    add_roles(entry, ids);
    if (secrets_ == Secrets::left_out) return json::Value(std::move(entry));
    const auto shown = reveal("/users/" + id + "/credentials?reveal=hash", username);
    if (!shown) return std::unexpected(shown.error());
    const json::Value items = member_of(*shown, "items");
    if (items.as_array() != nullptr && !items.as_array()->empty()) {
        user_hashes_.emplace_back(username, text_of(items.as_array()->front(), "hash"));
    }
    return json::Value(std::move(entry));
}

void RealmExport::add_roles(json::Object& entry, const std::vector<std::string>& ids) {
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
    for (auto& [client_id, names] : of_clients) by_client.emplace_back(client_id, std::move(names));
    entry.emplace_back("clientRoles", std::move(by_client));
}

std::expected<json::Object, ExitCode> RealmExport::extras(const std::string& realm) {
    json::Object out{{"version", extras_version}};
    const auto settings = context_.ask("GET", context_.in_realm("/settings"));
    if (!settings) return std::unexpected(settings.error());
    if (settings->value.as_object() == nullptr) return out;
    json::Object kept;
    json::Value reset_webhook;
    for (const auto& [name, value] : *settings->value.as_object()) {
        // The id of a webhook, which has another one after an import.
        if (name == reset_webhook_setting) {
            reset_webhook = value;
        } else {
            kept.emplace_back(name, value);
        }
    }
    out.emplace_back("settings", std::move(kept));
    const auto types = context_.ask("GET", context_.in_realm("/event-types"));
    if (!types) return std::unexpected(types.error());
    json::Array own_types;
    const json::Value all_types = member_of(types->value, "items");
    if (all_types.as_array() == nullptr) return out;
    for (const json::Value& type : *all_types.as_array()) {
        if (is_true(type, "built_in")) continue;
        own_types.emplace_back(json::Object{{"name", text_of(type, "name")},
                                            {"description", text_of(type, "description")},
                                            {"schema", member_of(type, "schema")},
                                            {"example", member_of(type, "example")}});
    }
    out.emplace_back("event_types", std::move(own_types));
    const auto webhooks = all("/webhooks");
    if (!webhooks) return std::unexpected(webhooks.error());
    json::Array entries;
    for (const json::Value& webhook : *webhooks) {
        auto entry = webhook_entry(webhook);
        if (!entry) return std::unexpected(entry.error());
        if (!reset_webhook.is_null() && json::Value(text_of(webhook, "id")) == reset_webhook) {
            out.emplace_back(std::string(reset_webhook_setting), entries.size());
        }
        entries.push_back(std::move(*entry));
    }
    out.emplace_back("webhooks", std::move(entries));
    if (secrets_ == Secrets::left_out) return out;
    const json::Value secrets(json::Object{{"users", std::move(user_hashes_)},
                                           {"clients", std::move(client_hashes_)},
                                           {"webhooks", std::move(webhook_secrets_)}});
    auto sealed = seal_text(passphrase_, realm, json::serialize(secrets), context_.random());
    if (!sealed) {
        context_.complain(sealed.error().message);
        return std::unexpected(exit_failed);
    }
    out.emplace_back("sealed", std::move(*sealed));
    return out;
}

std::expected<json::Value, ExitCode> RealmExport::webhook_entry(const json::Value& webhook) {
    json::Object entry;
    for (const auto& [name, value] : *webhook.as_object()) {
        // What the server sets itself an import sets anew.
        const bool is_ours = name == "id" || name == "created_at" || name == "updated_at" ||
                             name == "version" || name == "disabled_reason" || name == "health";
        if (!is_ours) entry.emplace_back(name, value);
    }
    json::Object secrets;
    if (secrets_ == Secrets::sealed) {
        if (auto read = read_webhook_secrets(webhook, secrets); !read) {
            return std::unexpected(read.error());
        }
    }
    webhook_secrets_.emplace_back(std::move(secrets));
    return json::Value(std::move(entry));
}

RealmExport::Done RealmExport::read_webhook_secrets(const json::Value& webhook,
                                                    json::Object& secrets) {
    const std::string path = "/webhooks/" + text_of(webhook, "id");
    const auto name = text_of(webhook, "name");
    const auto shown = reveal(path + "/secret?reveal=keys", name);
    if (!shown) return std::unexpected(shown.error());
    const json::Value keys = member_of(*shown, "keys");
    if (!keys.is_null()) secrets.emplace_back("keys", keys);
    const auto whole = reveal(path + "?reveal=headers", name);
    if (!whole) return std::unexpected(whole.error());
    secrets.emplace_back("headers", member_of(*whole, "headers"));
    for (const char* member : {"authentication", "tls"}) {
        const json::Value value = member_of(*whole, member);
        if (!value.is_null()) secrets.emplace_back(member, value);
    }
    return {};
}

}  // namespace postrider::cli
