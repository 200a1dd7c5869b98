// Clients as Keycloak exports them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/crypto.h"
#include "base/encoding.h"
#include "cli/keycloak.h"
#include "model/limits.h"

namespace postrider::cli::keycloak {
namespace {

constexpr std::string_view no_wildcards =
    "redirect URIs with a wildcard or without a host were left out: OAuth 2.1 compares them as a "
    "whole; add the exact ones";

bool has_scheme(std::string_view uri) {
    const auto colon = uri.find(':');
    return colon != std::string_view::npos && colon > 0 && uri.find('/') > colon;
}

class ClientReader {
 public:
    ClientReader(Realm& realm, ImportReport& report) : realm_(realm), report_(report) {}

    void read(json::Value value, std::size_t index) {
        const std::string shown = name_of(value, index);
        Members client(std::move(value));
        const auto client_id = client.take_text("clientId").value_or("");
        if (is_own_client(client_id)) {
            return report_.left_out("clients that every realm of Keycloak has of its own",
                                    client_id);
        }
        if (client_id.empty()) {
            return report_.left_out("clients without a clientId", shown);
        }
        Entry entry{
            .name = client_id, .body = {{"client_id", client_id}}, .values = 1, .password = {}};
        const auto copy = [&](const char* member, const char* to) {
            auto text = client.take_text(member);
            if (!text) return;
            ++entry.values;
            if (!text->empty()) entry.body.emplace_back(to, std::move(*text));
        };
        copy("name", "name");
        copy("description", "description");
        read_kind(client, client_id, entry);
        read_redirect_uris(client, client_id, entry);
        if (auto id = client.take_text("id"); id && is_own_id(*id)) {
            ++entry.values;
            entry.body.emplace_back("id", std::move(*id));
        } else if (id) {
            report_.adapted(new_ids, client_id);
        }
        if (const auto roles = client.take_list("defaultRoles")) {
            for (std::size_t i = 0; i < roles->size(); ++i) {
                report_.left_out("default roles and groups: new users are not given them here",
                                 fmt::format("{}/{}", client_id, name_of((*roles)[i], i)));
            }
        }
        client.report_rest(report_, "clients", client_id);
        report_.taken_over(entry.values);
        realm_.clients.push_back(std::move(entry));
    }

 private:
    /// Public or confidential, and with which secret; what was of another kind is named.
    void read_kind(Members& client, const std::string& client_id, Entry& entry) {
        const auto flag = [&](const char* member, bool otherwise) {
            const auto found = client.take_flag(member);
            if (found) ++entry.values;
            return found.value_or(otherwise);
        };
        const bool is_public = flag("publicClient", false);
        const bool is_bearer = flag("bearerOnly", false);
        const auto named = client.take_text("protocol");
        if (named) ++entry.values;
        const auto protocol = named.value_or("openid-connect");
        const bool is_other = protocol != "openid-connect" && !protocol.empty();
        bool enabled = flag("enabled", true);
        if (is_bearer) {
            --entry.values;
            report_.adapted(
                "bearer-only clients become confidential ones: they can introspect tokens",
                client_id);
        }
        if (is_other) {
            --entry.values;
            report_.adapted(
                "clients of another protocol become confidential OAuth clients that are disabled, "
                "for their roles alone",
                fmt::format("{}: {}", client_id, short_name(protocol)));
            enabled = false;
        }
        const bool is_confidential = !is_public || is_bearer || is_other;
        entry.body.emplace_back("type", is_confidential ? "confidential" : "public");
        entry.body.emplace_back("enabled", enabled);
        flag("serviceAccountsEnabled", false);
        const auto secret = client.take_text("secret");
        if (!is_confidential) {
            if (secret && !secret->empty()) {
                report_.left_out("secrets of public clients, which use none", client_id);
            }
            return;
        }
        const bool is_kept =
            secret && secret->size() >= limits::kept_client_secret_characters_min &&
            secret->find_first_not_of('*') != std::string::npos && !secret->starts_with("${");
        if (is_kept) {
            entry.body.emplace_back("secret_hash", hex_encode(sha256(*secret)));
            ++entry.values;
        } else {
            report_.adapted(
                fmt::format("confidential clients have a new secret, which nobody has seen: get "
                            "one with postrider client rotate-secret (only secrets of {} "
                            "characters or more are kept, as no other survives the theft of its "
                            "hash)",
                            limits::kept_client_secret_characters_min),
                client_id);
        }
    }

    void read_redirect_uris(Members& client, const std::string& client_id, Entry& entry) {
        auto uris = client.take_list("redirectUris").value_or(json::Array{});
        const std::string root = client.text("rootUrl");
        json::Array kept;
        std::set<std::string> known;
        for (const json::Value& uri : uris) {
            if (uri.as_string() == nullptr) {
                report_.left_out("redirect URIs that are no strings", client_id);
                continue;
            }
            std::string value = *uri.as_string();
            const auto shown = [&] { return short_name(fmt::format("{}: {}", client_id, value)); };
            const bool is_whole =
                value.find('*') == std::string::npos && value.find("${") == std::string::npos;
            if (is_whole && value.starts_with('/') && has_scheme(root) &&
                root.find("${") == std::string::npos) {
                value = (root.ends_with('/') ? root.substr(0, root.size() - 1) : root) + value;
                report_.adapted("redirect URIs that were relative to the client's rootUrl",
                                shown());
            } else if (!is_whole || !has_scheme(value)) {
                report_.left_out(no_wildcards, shown());
                continue;
            } else {
                ++entry.values;
            }
            add_uri(client_id, std::move(value), known, kept);
        }
        Members attributes = client.take_members("attributes");
        for (const json::Value& uri :
             attributes.take_list(disabled_uris_attribute).value_or(json::Array{})) {
            if (uri.as_string() == nullptr || !known.insert(*uri.as_string()).second) continue;
            kept.emplace_back(json::Object{{"value", uri}, {"enabled", false}});
            ++entry.values;
        }
        attributes.report_rest(report_, "attributes of clients", client_id);
        if (!kept.empty()) entry.body.emplace_back("redirect_uris", std::move(kept));
    }

    void add_uri(const std::string& client_id, std::string value, std::set<std::string>& known,
                 json::Array& kept) {
        if (!known.insert(value).second) return;  // it is there twice
        if (kept.size() >= limits::redirect_uris_per_client_max) {
            report_.left_out(fmt::format("redirect URIs beyond {} of one client",
                                         limits::redirect_uris_per_client_max),
                             short_name(fmt::format("{}: {}", client_id, value)));
            return;
        }
        kept.emplace_back(std::move(value));
    }

    Realm& realm_;
    ImportReport& report_;
};

}  // namespace

void read_client(json::Value value, std::size_t index, Realm& realm, ImportReport& report) {
    ClientReader(realm, report).read(std::move(value), index);
}

}  // namespace postrider::cli::keycloak
