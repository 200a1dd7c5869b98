// Users as Keycloak exports them, and their credentials.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/time.h"
#include "cli/keycloak.h"
#include "model/limits.h"

namespace postrider::cli::keycloak {
namespace {

/// RFC 3339 of milliseconds since 1970; nullopt: beyond the years that it can say.
std::optional<std::string> moment_of(std::int64_t milliseconds) {
    constexpr std::int64_t year_1 = -62'135'596'800'000;
    constexpr std::int64_t year_9999 = 253'402'300'799'000;
    if (milliseconds < year_1 || milliseconds > year_9999) return std::nullopt;
    return format_rfc3339(from_micros(milliseconds * 1000));
}

/// Parses a member that Keycloak writes as JSON inside of a string.
Members inner_object(Members& from, std::string_view name) {
    const auto text = from.take_text(name);
    if (!text) return Members(json::Value());
    std::vector<std::string> twice;
    return Members(
        json::parse_last_counts(*text, limits::json_depth_max, twice).value_or(json::Value()));
}

/// A number that Keycloak writes as ["7168"], as "7168" or as 7168.
std::optional<std::int64_t> number_of(const json::Value* value) {
    if (value == nullptr) return std::nullopt;
    if (value->as_int() != nullptr) return *value->as_int();
    if (const auto* list = value->as_array()) {
        return list->size() == 1 ? number_of(&list->front()) : std::nullopt;
    }
    const std::string* text = value->as_string();
    if (text == nullptr) return std::nullopt;
    const auto parsed = json::parse(*text);
    if (!parsed || parsed->as_int() == nullptr) return std::nullopt;
    return *parsed->as_int();
}

std::string first_text(const json::Value* value) {
    if (value == nullptr) return {};
    if (value->as_string() != nullptr) return *value->as_string();
    const auto* list = value->as_array();
    if (list == nullptr || list->empty() || list->front().as_string() == nullptr) return {};
    return *list->front().as_string();
}

/// "argon2" of Keycloak's is one of three kinds; the others are called by one name everywhere.
std::string algorithm_of(const std::string& name, const json::Value& more) {
    if (name == "argon2") {
        const std::string kind = first_text(more.find("type"));
        return "argon2" + (kind.empty() ? std::string("id") : kind);
    }
    if (name == "pbkdf2") return "pbkdf2-sha1";
    return name;
}

/// Code points of UTF-8.
std::size_t characters_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

class UserReader {
 public:
    UserReader(const Realm& realm, ImportReport& report) : realm_(realm), report_(report) {}

    ReadUser read(json::Value value, std::size_t index) {
        const std::string shown = name_of(value, index);
        Members user(std::move(value));
        const auto client = user.take_text("serviceAccountClientId").value_or("");
        if (!client.empty()) return read_service_account(user, client);
        ReadUser out{.kind = ReadUser::Kind::user,
                     .entry = {.name = shown, .body = {}, .values = 0, .password = {}}};
        Entry& entry = out.entry;
        auto username = user.take_text("username").value_or("");
        const auto email = user.text("email");
        if (username.empty() && !email.empty()) {
            report_.adapted("users without a username have their e-mail address as one", email);
            username = email;
        } else if (username.empty()) {
            report_.left_out("users without a username and an e-mail address", shown);
            return {};
        } else {
            ++entry.values;
        }
        entry.name = short_name(username);
        entry.body.emplace_back("username", std::move(username));
        read_person(user, entry);
        read_origin(user, entry);
        read_credentials(user, entry);
        read_roles(user, entry);
        user.report_rest(report_, "users", entry.name);
        report_.taken_over(entry.values);
        return out;
    }

 private:
    void read_person(Members& user, Entry& entry) {
        const auto copy = [&](const char* member, const char* to) {
            auto text = user.take_text(member);
            if (!text) return false;
            ++entry.values;
            if (text->empty()) return false;
            entry.body.emplace_back(to, std::move(*text));
            return true;
        };
        if (copy("email", "email")) {
            const auto verified = user.take_flag("emailVerified");
            if (verified) ++entry.values;
            entry.body.emplace_back("email_verified", verified.value_or(false));
        }
        copy("firstName", "first_name");
        copy("lastName", "last_name");
        const auto enabled = user.take_flag("enabled");
        if (enabled) ++entry.values;
        entry.body.emplace_back("enabled", enabled.value_or(true));
        auto attributes = user.take_object("attributes");
        if (attributes && !attributes->empty()) {
            entry.values += attributes->size();
            entry.body.emplace_back("attributes", std::move(*attributes));
        }
    }

    void read_origin(Members& user, Entry& entry) {
        if (auto id = user.take_text("id")) {
            ++entry.values;
            entry.body.emplace_back("id", std::move(*id));
        }
        auto exact = user.take_members(extras_member).take_text("created_at");
        if (exact) user.take("createdTimestamp");
        if (exact) {
            ++entry.values;
            entry.body.emplace_back("created_at", std::move(*exact));
        } else if (const auto created = user.take_number("createdTimestamp")) {
            if (auto moment = moment_of(*created)) {
                ++entry.values;
                entry.body.emplace_back("created_at", std::move(*moment));
            } else {
                report_.left_out("times at which users were created that are no times", entry.name);
            }
        }
    }

    void read_credentials(Members& user, Entry& entry) {
        auto credentials = user.take_list("credentials").value_or(json::Array{});
        bool has_password = false;
        for (json::Value& value : credentials) {
            Members credential(std::move(value));
            const auto type = credential.text("type");
            if (type != "password" && type != "password-history") {
                report_.left_out("credentials other than passwords do not exist here",
                                 short_name(fmt::format("{}: {}", entry.name,
                                                        type.empty() ? "of no type" : type)));
                continue;
            }
            if (type == "password-history" || has_password) {
                report_.left_out("passwords of before: only the one that is in use is kept",
                                 entry.name);
                continue;
            }
            if (credential.take_flag("temporary").value_or(false)) {
                report_.adapted(
                    "passwords that were temporary stay: nobody is asked to change "
                    "theirs",
                    entry.name);
            }
            has_password = read_password(credential, entry);
            credential.take("type");
            credential.report_rest(report_, "credentials", entry.name);
        }
    }

    bool read_password(Members& credential, Entry& entry) {
        if (auto plain = credential.take_text("value"); plain && !plain->empty()) {
            if (characters_of(*plain) > limits::password_characters_max) {
                report_.left_out(fmt::format("passwords of more than {} characters",
                                             limits::password_characters_max),
                                 entry.name);
                return false;
            }
            ++entry.values;
            entry.password = std::move(*plain);
            return true;
        }
        if (auto hash = password_hash_of(credential)) {
            ++entry.values;
            entry.body.emplace_back("password_hash", std::move(*hash));
            return true;
        }
        report_.left_out(
            "passwords whose hash is not in the file, or in no form that is known: "
            "let these users reset them (postrider user reset)",
            entry.name);
        return false;
    }

    void read_roles(Members& user, Entry& entry) {
        const auto of_realm = user.take("realmRoles");
        const auto of_clients = user.take("clientRoles");
        std::vector<std::string> groups;
        for (const json::Value& group : user.take_list("groups").value_or(json::Array{})) {
            if (group.as_string() != nullptr) {
                groups.push_back(*group.as_string());
            } else {
                report_.left_out("groups of users that are no names", entry.name);
            }
        }
        const auto roles = realm_.graph.resolve(
            role_refs(of_realm ? &*of_realm : nullptr, of_clients ? &*of_clients : nullptr,
                      entry.name, report_),
            groups, entry.name, report_);
        add_roles(entry.body, roles);
    }

    ReadUser read_service_account(Members& user, const std::string& client) {
        ReadUser out{
            .kind = ReadUser::Kind::service_account,
            .entry = {
                .name = client, .body = {{"client_id", client}}, .values = 1, .password = {}}};
        if (is_own_client(client)) {
            report_.left_out("clients that every realm of Keycloak has of its own",
                             client + " (its service account)");
            return {};
        }
        if (user.take_text("username")) report_.taken_over();  // it follows from the client
        read_roles(user, out.entry);
        for (const char* member : {"id", "createdTimestamp", "email"}) {
            if (user.take(member)) {
                report_.adapted(
                    "service accounts are a part of their client here, and have no id, "
                    "no time and no address of their own",
                    client);
            }
        }
        user.report_rest(report_, "service accounts", client);
        report_.taken_over();
        // Without roles there is nothing to say.
        if (out.entry.body.size() == 1) out.kind = ReadUser::Kind::nothing;
        return out;
    }

    const Realm& realm_;
    ImportReport& report_;
};

}  // namespace

ReadUser read_user(std::string_view text, std::size_t index, const Realm& realm,
                   ImportReport& report) {
    std::vector<std::string> twice;
    auto value = json::parse_last_counts(text, limits::json_depth_max, twice);
    if (!value || value->as_object() == nullptr) {
        report.left_out("users that cannot be read",
                        fmt::format("number {}: {}", index + 1,
                                    value ? "it is no object" : value.error().message));
        return {};
    }
    for (const std::string& name : twice) {
        report.left_out("members that are in a file twice: the last one counts",
                        short_name(fmt::format("{}: {}", name_of(*value, index), name)));
    }
    return UserReader(realm, report).read(std::move(*value), index);
}

std::optional<json::Value> password_hash_of(Members& credential) {
    Members secret = inner_object(credential, "secretData");
    Members how = inner_object(credential, "credentialData");
    std::string hash = secret.take_text("value").value_or("");
    std::string salt = secret.take_text("salt").value_or("");
    std::string name = how.take_text("algorithm").value_or("");
    const auto iterations = how.take("hashIterations");
    const json::Value more = how.take("additionalParameters").value_or(json::Value(json::Object{}));
    std::optional<std::int64_t> rounds = number_of(iterations ? &*iterations : nullptr);
    // Before Keycloak 8 they were members of the credential itself.
    if (hash.empty()) hash = credential.take_text("hashedSaltedValue").value_or("");
    if (salt.empty()) salt = credential.take_text("salt").value_or("");
    if (name.empty()) name = credential.take_text("algorithm").value_or("");
    if (!rounds) rounds = credential.take_number("hashIterations");
    if (hash.empty() || name.empty()) return std::nullopt;
    json::Object parameters;
    if (rounds) parameters.emplace_back("iterations", *rounds);
    if (const auto memory = number_of(more.find("memory"))) {
        parameters.emplace_back("memory_kib", *memory);
    }
    if (const auto lanes = number_of(more.find("parallelism"))) {
        parameters.emplace_back("parallelism", *lanes);
    }
    const std::string version = first_text(more.find("version"));
    if (!version.empty()) parameters.emplace_back("version", version == "1.0" ? 16 : 19);
    return json::Value(json::Object{{"algorithm", algorithm_of(name, more)},
                                    {"parameters", std::move(parameters)},
                                    {"salt", salt},
                                    {"hash", hash}});
}

}  // namespace postrider::cli::keycloak
