#include "cli/keycloak.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/crypto.h"
#include "base/encoding.h"
#include "model/limits.h"

namespace postrider::cli::keycloak {
namespace {

// Half of the limits of the API, so that a part stays a short transaction.
constexpr std::size_t part_entries_max = limits::import_entries_max;
constexpr std::size_t part_names_max = limits::import_names_max / 2;
constexpr std::size_t part_bytes_max = limits::import_body_bytes_max / 4;

/// Reads what a realm has but its users.
class Reader {
 public:
    Reader(Realm& realm, ImportReport& report) : realm_(realm), report_(report) {}

    void read(const RealmFile& file) {
        std::set<std::string_view> seen;
        const auto& members = file.members;
        // From the end, as the last member of a name counts.
        std::vector<std::size_t> order;
        for (std::size_t i = members.size(); i-- > 0;) {
            if (!seen.insert(members.name(i)).second) {
                report_.left_out("members that are in a file twice: the last one counts",
                                 short_name(members.name(i)));
            } else if (members.name(i) != "users") {
                order.push_back(i);
            }
        }
        json::Object rest;
        for (const std::size_t i : order) {
            std::vector<std::string> twice;
            auto value = json::parse_last_counts(members.value(i), limits::json_depth_max, twice);
            for (const std::string& name : twice) {
                report_.left_out("members that are in a file twice: the last one counts",
                                 short_name(members.name(i) + "…" + name));
            }
            if (!value) {
                report_.left_out("members that cannot be read",
                                 short_name(members.name(i) + ": " + value.error().message));
                continue;
            }
            rest.emplace_back(members.name(i), std::move(*value));
        }
        std::ranges::reverse(rest);
        read_members(Members(json::Value(std::move(rest))));
    }

 private:
    void read_members(Members realm) {
        if (auto name = realm.take_text("realm")) {
            realm_.name = std::move(*name);
            report_.taken_over();
        }
        if (auto name = realm.take_text("displayName"); name && !name->empty()) {
            if (realm_.display_name.empty()) realm_.display_name = std::move(*name);
            report_.taken_over();
        }
        if (const auto enabled = realm.take_flag("enabled")) {
            if (*enabled) {
                report_.taken_over();
            } else {
                report_.left_out(
                    "the realm is disabled in Keycloak; here no realm is, and its users can log in",
                    realm_.name);
            }
        }
        if (realm.take_text("id")) {
            report_.adapted(new_ids, "the realm");
        }
        if (auto policy = realm.take_text("passwordPolicy")) read_policy(*policy);
        if (auto extras = realm.take(extras_member)) realm_.extras = std::move(*extras);
        read_default_roles(realm);
        if (auto clients = realm.take_list("clients")) {
            for (std::size_t i = 0; i < clients->size(); ++i) {
                read_client(std::move((*clients)[i]), i, realm_, report_);
            }
        }
        read_roles(realm.take_members("roles"));
        if (auto groups = realm.take_list("groups")) {
            realm_.graph.read_groups(std::move(*groups), report_);
        }
        report_realm_rest(realm);
    }

    void read_default_roles(Members& realm) {
        const auto default_role = realm.take_members("defaultRole").text("name");
        if (!default_role.empty()) {
            realm_.graph.set_default(default_role);
            report_.adapted(
                "roles that everybody has in Keycloak: who is in the file is given those in it; "
                "new users are not",
                default_role);
        }
        for (const char* member : {"defaultRoles", "defaultGroups"}) {
            const auto names = realm.take_list(member);
            if (!names) continue;
            for (std::size_t i = 0; i < names->size(); ++i) {
                report_.left_out("default roles and groups: new users are not given them here",
                                 fmt::format("{}: {}", member, name_of((*names)[i], i)));
            }
        }
    }

    /// "length(20) and digits(1)".
    void read_policy(std::string_view policy) {
        constexpr std::string_view separator = " and ";
        while (!policy.empty()) {
            const auto end = std::min(policy.find(separator), policy.size());
            const std::string_view rule = policy.substr(0, end);
            policy.remove_prefix(std::min(end + separator.size(), policy.size()));
            constexpr std::string_view length = "length(";
            std::int64_t number = 0;
            const bool is_length =
                rule.starts_with(length) &&
                std::from_chars(rule.data() + length.size(), rule.data() + rule.size(), number)
                        .ec == std::errc{};
            if (!is_length) {
                report_.left_out("rules of the password policy that do not exist here",
                                 short_name(rule));
                continue;
            }
            const auto kept = std::clamp(number, limits::password_characters_min_lowest,
                                         limits::password_characters_min_highest);
            realm_.settings.emplace_back("password_min_length", kept);
            if (kept == number) {
                report_.taken_over();
            } else {
                report_.adapted("the shortest password that the password policy allows",
                                fmt::format("{} instead of {} characters", kept, number));
            }
        }
    }

    /// Whatever no rule has taken: settings by name, lists by what is in them.
    void report_realm_rest(const Members& realm) {
        for (const auto& [name, value] : realm.left()) {
            if (is_nothing(value)) {
                report_.taken_over();
                continue;
            }
            if (name == "clients" || name == "roles" || name == "groups") {
                report_.left_out("members of the realm that are not what Keycloak writes there",
                                 name);
                continue;
            }
            const auto why = [&] {
                return fmt::format("\"{}\" of the realm: there is nothing of the kind here",
                                   short_name(name));
            };
            if (const auto* list = value.as_array()) {
                for (std::size_t i = 0; i < list->size(); ++i) {
                    report_.left_out(why(), name_of((*list)[i], i));
                }
            } else if (const auto* object = value.as_object()) {
                for (const auto& [key, inner] : *object) report_.left_out(why(), named(key, inner));
            } else {
                report_.left_out("settings of the realm that have no counterpart here",
                                 short_name(name));
            }
        }
    }

    /// "org.keycloak.storage.UserStorageProvider: ldap": of lists also what is in them.
    static std::string named(const std::string& key, const json::Value& value) {
        constexpr std::size_t shown_max = 20;
        std::string out = short_name(key);
        const auto* list = value.as_array();
        for (std::size_t i = 0; list != nullptr && i < std::min(list->size(), shown_max); ++i) {
            out += (i == 0 ? ": " : ", ") + name_of((*list)[i], i);
        }
        return out;
    }

    void read_roles(Members roles) {
        if (auto of_realm = roles.take_list("realm")) {
            for (std::size_t i = 0; i < of_realm->size(); ++i) {
                read_role(std::move((*of_realm)[i]), "", i);
            }
        }
        if (auto of_clients = roles.take_object("client")) {
            for (auto& [client_id, value] : *of_clients) {
                json::Array* list = value.as_array();
                if (list == nullptr) {
                    report_.left_out("roles of clients that are no list", client_id);
                    continue;
                }
                for (std::size_t i = 0; i < list->size(); ++i) {
                    read_role(std::move((*list)[i]), client_id, i);
                }
            }
        }
        roles.report_rest(report_, "roles", "roles");
    }

    void read_role(json::Value value, const std::string& client_id, std::size_t index) {
        const std::string shown = name_of(value, index);
        Members role(std::move(value));
        const RoleRef ref{client_id, role.take_text("name").value_or("")};
        if (ref.name.empty()) return report_.left_out("roles without a name", shown);
        const auto inner = role.take_object("composites");
        const bool is_default = realm_.graph.is_default(ref);
        std::vector<RoleRef> inside;
        if (inner) {
            const json::Value composites(*inner);
            inside =
                role_refs(composites.find("realm"), composites.find("client"), ref.text(), report_);
        }
        if (is_default || realm_.graph.is_own(ref)) {
            realm_.graph.contain(ref, std::move(inside));
            if (is_default) {
                report_.adapted(
                    "the role that everybody has in Keycloak: the roles in it are given "
                    "one by one",
                    ref.text());
            } else if (client_id.empty()) {
                report_.left_out("roles that Keycloak makes itself mean nothing here", ref.text());
            } else {
                report_.left_out("roles of Keycloak's own clients mean nothing here", ref.text());
            }
            return;
        }
        Entry entry{.name = ref.text(), .body = {{"name", ref.name}}, .values = 1, .password = {}};
        for (const char* member : {"id", "containerId"}) {
            auto id = role.take_text(member);
            if (id && member == std::string_view("id") && is_own_id(*id)) {
                ++entry.values;
                entry.body.emplace_back("id", std::move(*id));
            } else if (id) {
                report_.adapted(new_ids, ref.text());
            }
        }
        // It follows from where the role is, and from what is in it.
        for (const char* flag : {"composite", "clientRole", "scopeParamRequired"}) {
            if (role.take_flag(flag)) ++entry.values;
        }
        if (auto text = role.take_text("description")) {
            ++entry.values;
            if (!text->empty()) entry.body.emplace_back("description", std::move(*text));
        }
        if (!client_id.empty()) entry.body.emplace_back("client_id", client_id);
        Members attributes = role.take_members("attributes");
        if (auto permissions = attributes.take(permissions_attribute)) {
            entry.values += 1;
            entry.body.emplace_back("permissions", std::move(*permissions));
        }
        if (!attributes.left().empty())
            attributes.report_rest(report_, "attributes of roles", ref.text());
        role.report_rest(report_, "roles", ref.text());
        report_composite(ref, inside);
        realm_.graph.define(ref);
        if (!inside.empty()) realm_.graph.contain(ref, std::move(inside));
        report_.taken_over(entry.values);
        realm_.roles.push_back(std::move(entry));
    }

    void report_composite(const RoleRef& role, const std::vector<RoleRef>& inside) {
        constexpr std::size_t shown_max = 20;
        if (inside.empty()) return;
        std::string names;
        for (std::size_t i = 0; i < std::min(inside.size(), shown_max); ++i) {
            names += (i == 0 ? ": " : ", ") + inside[i].text();
        }
        if (inside.size() > shown_max) names += ", …";
        report_.adapted(
            "roles that contain roles: whoever has one is given the roles in it as well, once; a "
            "later change of the role does not follow",
            short_name(role.text() + names), inside.size());
    }

    Realm& realm_;
    ImportReport& report_;
};

/// Role names and redirect URIs, as the API counts them.
std::size_t count_names(const json::Object& body) {
    std::size_t names = 0;
    for (const auto& [name, value] : body) {
        if (name == "roles" || name == "redirect_uris") {
            if (value.as_array() != nullptr) names += value.as_array()->size();
        } else if (name == "client_roles" && value.as_object() != nullptr) {
            for (const auto& [client_id, roles] : *value.as_object()) {
                names += 1 + (roles.as_array() == nullptr ? 0 : roles.as_array()->size());
            }
        }
    }
    return names;
}

}  // namespace

Realm read_realm(const std::vector<RealmFile>& files, const std::vector<RoleRef>& known,
                 ImportReport& report) {
    Realm realm;
    for (const RoleRef& role : known) realm.graph.define(role);
    for (const RealmFile& file : files) Reader(realm, report).read(file);
    return realm;
}

std::string Entry::key() const {
    const std::string* text = body.empty() ? nullptr : body.front().second.as_string();
    return text == nullptr ? std::string() : *text;
}

bool Parts::add(Entry entry) {
    const std::size_t names = count_names(entry.body);
    const std::size_t bytes = json::serialize(json::Value(entry.body)).size();
    const bool is_full = waiting_.size() == part_entries_max || names_ + names > part_names_max ||
                         bytes_ + bytes > part_bytes_max;
    if (is_full && !finish()) return false;
    names_ += names;
    bytes_ += bytes;
    waiting_.push_back(std::move(entry));
    return true;
}

bool Parts::finish() {
    if (waiting_.empty()) return true;
    names_ = bytes_ = 0;
    return send_(std::exchange(waiting_, {}));
}

}  // namespace postrider::cli::keycloak
