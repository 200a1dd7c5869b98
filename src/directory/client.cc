#include "directory/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "directory/ledger.h"
#include "model/limits.h"
#include "net/url.h"

namespace postrider::directory {

namespace {

constexpr std::array<std::string_view, 6> client_writable{
    "client_id", "name", "description", "type", "enabled", "service_account_roles"};
constexpr std::array<std::string_view, 2> uri_writable{"value", "enabled"};

void read_service_account_roles(FieldReader& reader, ClientChange& change) {
    const json::Value* value = reader.value("service_account_roles", change.service_account_roles);
    if (value == nullptr) return;
    const json::Array* list = value->as_array();
    if (list == nullptr) {
        return reader.refuse("service_account_roles",
                             fmt::format("must be a list of ids, not {}", value->type_name()));
    }
    if (list->size() > limits::service_account_roles_max) {
        return reader.refuse("service_account_roles",
                             fmt::format("has {} entries; at most {} are allowed", list->size(),
                                         limits::service_account_roles_max));
    }
    std::vector<RoleId> roles;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string* text = (*list)[i].as_string();
        const auto id = text == nullptr ? std::nullopt : RoleId::parse(*text);
        if (id) {
            roles.push_back(*id);
        } else {
            reader.refuse_at(fmt::format("#/service_account_roles/{}", i),
                             "must be the id of a role");
        }
    }
    // As the store gives them: newest first, each once.
    std::ranges::sort(roles, std::ranges::greater{});
    const auto twice = std::ranges::unique(roles);
    roles.erase(twice.begin(), twice.end());
    change.service_account_roles.set(std::move(roles));
}

void read_client_id(FieldReader& reader, ClientChange& change) {
    reader.require("client_id");
    reader.text("client_id", change.client_id,
                {.characters_max = limits::client_id_characters_max});
    if (change.client_id.value && !is_visible_ascii(*change.client_id.value)) {
        reader.refuse("client_id", "must be visible ASCII without spaces, and not empty");
    }
}

bool is_loopback(const net::Url& url) {
    if (!url.is_ip_literal) return url.host == "localhost";
    return url.host == "::1" || url.host.starts_with("127.");
}

constexpr const char* has_wildcard =
    "has a wildcard; each redirect URI is compared exactly, so register each";

/// "http://localhost:*/callback", as others write that any port will do.
bool has_wildcard_port(std::string_view value) {
    for (const std::string_view loopback :
         {"http://127.0.0.1", "http://[::1]", "http://localhost"}) {
        if (value.starts_with(loopback) && value.substr(loopback.size()).starts_with(":*")) {
            return true;
        }
    }
    return false;
}

}  // namespace

ClientChange parse_client_change(const json::Value& body, ChangeKind kind) {
    ClientChange change;
    FieldReader reader(body, kind, client_writable);
    if (body.as_object() != nullptr) {
        read_client_id(reader, change);
        reader.text("name", change.name, {.characters_max = limits::client_name_characters_max});
        reader.text("description", change.description,
                    {.characters_max = limits::description_characters_max, .may_have_lines = true});
        reader.text("type", change.type, {.characters_max = limits::name_characters_max});
        if (change.type.value && *change.type.value != public_client &&
            *change.type.value != confidential_client) {
            reader.refuse("type", R"(must be "public" or "confidential")");
        }
        reader.boolean("enabled", change.enabled);
        read_service_account_roles(reader, change);
    }
    change.errors = reader.take_errors();
    return change;
}

Result<std::vector<std::string>> apply(const ClientChange& change, Client& client) {
    const Client before = client;
    store::ClientRow& row = client.row;
    if (change.client_id.value) row.client_id = *change.client_id.value;
    row.name = change.name.applied_to(row.name, "");
    row.description = change.description.applied_to(row.description, "");
    row.type = change.type.applied_to(row.type, std::string(confidential_client));
    row.enabled = change.enabled.applied_to(row.enabled, true);
    client.service_account_roles =
        change.service_account_roles.applied_to(client.service_account_roles, {});
    if (row.type == public_client && !client.service_account_roles.empty()) {
        return fail_field("#/service_account_roles",
                          "must be empty: a public client has no secret to prove itself by");
    }
    std::vector<std::string> changed;
    const auto note = [&](const char* name, bool differs) {
        if (differs) changed.emplace_back(name);
    };
    note("client_id", row.client_id != before.row.client_id);
    note("name", row.name != before.row.name);
    note("description", row.description != before.row.description);
    note("type", row.type != before.row.type);
    note("enabled", row.enabled != before.row.enabled);
    note("service_account_roles", client.service_account_roles != before.service_account_roles);
    return changed;
}

void write_client_members(json::Writer& writer, const Client& client) {
    const store::ClientRow& row = client.row;
    writer.member("id", row.id.to_string());
    writer.member("client_id", row.client_id);
    writer.member("name", row.name);
    writer.member("description", row.description);
    writer.member("type", row.type);
    writer.member("enabled", row.enabled);
    writer.key("service_account_roles");
    writer.begin_array();
    for (const RoleId& role : client.service_account_roles) writer.string(role.to_string());
    writer.end_array();
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("updated_at", format_rfc3339(row.updated_at));
}

void write_client(json::Writer& writer, const Client& client, const std::string* secret) {
    writer.begin_object();
    write_client_members(writer, client);
    writer.member("version", client.row.version);
    if (secret != nullptr) writer.member("secret", *secret);
    writer.end_object();
}

std::string client_event_data(const Client& client, const std::vector<std::string>* changed) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_client_members(writer, client);
    if (changed != nullptr) write_words(writer, "changed", *changed);
    writer.end_object();
    return out;
}

std::string redirect_uri_problem(std::string_view value) {
    if (net::has_private_use_scheme(value)) {
        const auto checked = net::check_private_use_uri(value);
        if (!checked) return checked.error().message;
        return value.find('*') == std::string_view::npos ? "" : has_wildcard;
    }
    if (has_wildcard_port(value)) {
        return "has a wildcard for its port; leave the port out: a loopback URI without one stands "
               "for any port (RFC 8252)";
    }
    const auto url = net::parse_url(value);
    if (!url) return url.error().message;
    if (value.find('*') != std::string_view::npos) return has_wildcard;
    if (url->scheme != "https" && !is_loopback(*url)) {
        return "must be https; plain http is only for 127.0.0.1, [::1] and localhost";
    }
    return {};
}

RedirectUriChange parse_redirect_uri_change(const json::Value& body, ChangeKind kind) {
    RedirectUriChange change;
    FieldReader reader(body, kind, uri_writable);
    if (body.as_object() != nullptr) {
        reader.require("value");
        reader.text("value", change.value, {.characters_max = limits::url_bytes_max});
        if (change.value.value) {
            auto problem = redirect_uri_problem(*change.value.value);
            if (!problem.empty()) reader.refuse("value", std::move(problem));
        }
        reader.boolean("enabled", change.enabled);
    }
    change.errors = reader.take_errors();
    return change;
}

std::vector<std::string> apply(const RedirectUriChange& change, store::RedirectUriRow& row) {
    const store::RedirectUriRow before = row;
    if (change.value.value) row.value = *change.value.value;
    row.enabled = change.enabled.applied_to(row.enabled, true);
    std::vector<std::string> changed;
    if (row.value != before.value) changed.emplace_back("value");
    if (row.enabled != before.enabled) changed.emplace_back("enabled");
    return changed;
}

namespace {

void write_uri_members(json::Writer& writer, const store::RedirectUriRow& row) {
    writer.member("id", row.id.to_string());
    writer.member("client_id", row.client.to_string());
    writer.member("value", row.value);
    writer.member("enabled", row.enabled);
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("updated_at", format_rfc3339(row.updated_at));
}

}  // namespace

void write_redirect_uri(json::Writer& writer, const store::RedirectUriRow& row) {
    writer.begin_object();
    write_uri_members(writer, row);
    writer.member("version", row.version);
    writer.end_object();
}

std::string redirect_uri_event_data(const store::RedirectUriRow& row,
                                    const std::vector<std::string>* changed) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_uri_members(writer, row);
    if (changed != nullptr) write_words(writer, "changed", *changed);
    writer.end_object();
    return out;
}

}  // namespace postrider::directory
