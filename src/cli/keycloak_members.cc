#include "cli/keycloak_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/uuid.h"

namespace postrider::cli::keycloak {

namespace {

/// Members that only say that something is off or ordinary, which is so here too.
struct Ordinary {
    std::string_view kind;
    std::string_view member;
    std::string_view value;  ///< as JSON
};
constexpr std::array ordinary{
    Ordinary{"users", "totp", "false"},
    Ordinary{"users", "notBefore", "0"},
    Ordinary{"users", "emailVerified", "false"},
    Ordinary{"service accounts", "totp", "false"},
    Ordinary{"service accounts", "notBefore", "0"},
    Ordinary{"service accounts", "emailVerified", "false"},
    Ordinary{"service accounts", "enabled", "true"},
    Ordinary{"clients", "notBefore", "0"},
    Ordinary{"clients", "surrogateAuthRequired", "false"},
    Ordinary{"clients", "alwaysDisplayInConsole", "false"},
    Ordinary{"clients", "clientAuthenticatorType", "\"client-secret\""},
    Ordinary{"clients", "consentRequired", "false"},
    Ordinary{"clients", "implicitFlowEnabled", "false"},
    Ordinary{"clients", "directAccessGrantsEnabled", "false"},
    Ordinary{"clients", "serviceAccountsEnabled", "false"},
    Ordinary{"clients", "authorizationServicesEnabled", "false"},
    Ordinary{"clients", "frontchannelLogout", "false"},
    Ordinary{"clients", "nodeReRegistrationTimeout", "0"},
    Ordinary{"clients", "nodeReRegistrationTimeout", "-1"},
    Ordinary{"clients", "protocol", "\"openid-connect\""},
};

/// Why a member is not taken over, where there is more to say than that.
struct Reason {
    std::string_view kind;
    std::string_view member;
    std::string_view sentence;
};
constexpr std::string_view credential_rest = "ids, labels and times of passwords are not kept";
constexpr std::array reasons{
    Reason{"users", "requiredActions",
           "required actions do not exist here: nobody is asked for them at the next login"},
    Reason{"users", "federatedIdentities",
           "logins through an identity provider do not exist here: these users need a password "
           "(postrider user reset)"},
    Reason{"users", "federationLink",
           "users who come from a user federation (LDAP) have no password here: let them reset it"},
    Reason{"users", "totp", "one-time passwords do not exist here"},
    Reason{"users", "clientConsents", "consents to clients are not kept here"},
    Reason{"users", "notBefore", "sessions and tokens of Keycloak end with Keycloak"},
    Reason{"clients", "webOrigins", "web origins of clients (CORS) do not exist here"},
    Reason{"clients", "protocolMappers",
           "protocol mappers of clients do not exist here: nothing is put into tokens"},
    Reason{"clients", "authorizationSettings",
           "authorization services (resources, scopes, policies) do not exist here"},
    Reason{"clients", "defaultClientScopes", "client scopes do not exist here"},
    Reason{"clients", "optionalClientScopes", "client scopes do not exist here"},
    Reason{"credentials", "id", credential_rest},
    Reason{"credentials", "createdDate", credential_rest},
    Reason{"credentials", "userLabel", credential_rest},
    Reason{"credentials", "priority", credential_rest},
    Reason{"groups", "attributes", "attributes of groups do not exist here"},
    Reason{"roles", "attributes", "attributes of roles do not exist here"},
};

std::string reason_of(std::string_view kind, std::string_view member) {
    for (const Reason& each : reasons) {
        if (each.kind == kind && each.member == member) return std::string(each.sentence);
    }
    return fmt::format("{}: \"{}\" has no counterpart here", kind, short_name(member));
}

bool is_ordinary(std::string_view kind, std::string_view member, const json::Value& value) {
    // Lists and objects are none, and may be large.
    if (value.as_array() != nullptr || value.as_object() != nullptr) return false;
    const std::string text = json::serialize(value);
    return std::ranges::any_of(ordinary, [&](const Ordinary& each) {
        return each.kind == kind && each.member == member && each.value == text;
    });
}

std::optional<std::string> text_from(const json::Value& value) {
    if (value.as_string() != nullptr) return *value.as_string();
    if (value.as_int() == nullptr && value.as_bool() == nullptr) return std::nullopt;
    return json::serialize(value);
}

std::optional<bool> flag_from(const json::Value& value) {
    if (value.as_bool() != nullptr) return *value.as_bool();
    if (value.as_int() != nullptr) return *value.as_int() != 0;
    if (value.as_string() == nullptr) return std::nullopt;
    const std::string& text = *value.as_string();
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    return std::nullopt;
}

std::optional<std::int64_t> number_from(const json::Value& value) {
    if (value.as_int() != nullptr) return *value.as_int();
    if (const double* number = value.as_double()) {
        constexpr double whole_max = 9e15;  // beyond it a double skips integers
        if (!(std::abs(*number) <= whole_max)) return std::nullopt;
        return static_cast<std::int64_t>(*number);
    }
    if (value.as_string() == nullptr) return std::nullopt;
    const auto parsed = json::parse(*value.as_string());
    return parsed && parsed->as_int() ? std::optional(*parsed->as_int()) : std::nullopt;
}

}  // namespace

bool is_nothing(const json::Value& value) {
    if (value.is_null()) return true;
    if (const auto* text = value.as_string()) return text->empty();
    if (const auto* list = value.as_array()) return list->empty();
    if (const auto* object = value.as_object()) return object->empty();
    return false;
}

std::string short_name(std::string_view name) {
    constexpr std::size_t bytes_max = 200;
    if (name.size() <= bytes_max) return std::string(name);
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    return std::string(name.substr(0, end)) + "…";
}

std::string name_of(const json::Value& value, std::size_t index) {
    if (const auto* text = value.as_string()) return short_name(*text);
    for (const char* member : {"name", "alias", "clientId", "username", "client", "clientScope",
                               "providerId", "type", "id"}) {
        const json::Value* found = value.find(member);
        if (found != nullptr && found->as_string() != nullptr && !found->as_string()->empty()) {
            return short_name(*found->as_string());
        }
    }
    return fmt::format("number {}", index + 1);
}

Members::Members(json::Value value) {
    if (json::Object* object = value.as_object()) members_ = std::move(*object);
}

std::optional<json::Value> Members::take(std::string_view name) {
    const auto found = std::ranges::find(members_, name, &json::Object::value_type::first);
    if (found == members_.end()) return std::nullopt;
    json::Value value = std::move(found->second);
    members_.erase(found);
    return value;
}

std::string Members::text(std::string_view name) const {
    const auto found = std::ranges::find(members_, name, &json::Object::value_type::first);
    if (found == members_.end()) return {};
    return text_from(found->second).value_or("");
}

std::optional<json::Array> Members::take_list(std::string_view name) {
    auto value = take_if(name, [](const json::Value& each) { return each.as_array() != nullptr; });
    if (!value) return std::nullopt;
    return std::move(*value->as_array());
}

std::optional<json::Object> Members::take_object(std::string_view name) {
    auto value = take_if(name, [](const json::Value& each) { return each.as_object() != nullptr; });
    if (!value) return std::nullopt;
    return std::move(*value->as_object());
}

Members Members::take_members(std::string_view name) {
    auto object = take_object(name);
    return Members(object ? json::Value(std::move(*object)) : json::Value());
}

std::optional<std::string> Members::take_text(std::string_view name) {
    return take_as(name, text_from);
}

std::optional<bool> Members::take_flag(std::string_view name) { return take_as(name, flag_from); }

std::optional<std::int64_t> Members::take_number(std::string_view name) {
    return take_as(name, number_from);
}

template <typename Read>
auto Members::take_as(std::string_view name, const Read& read)
    -> decltype(read(std::declval<const json::Value&>())) {
    const auto found = std::ranges::find(members_, name, &json::Object::value_type::first);
    if (found == members_.end()) return std::nullopt;
    auto value = read(found->second);
    if (value) members_.erase(found);
    return value;
}

std::optional<json::Value> Members::take_if(std::string_view name,
                                            bool (*is_one)(const json::Value&)) {
    const auto found = std::ranges::find(members_, name, &json::Object::value_type::first);
    if (found == members_.end() || !is_one(found->second)) return std::nullopt;
    json::Value value = std::move(found->second);
    members_.erase(found);
    return value;
}

void Members::report_rest(ImportReport& report, std::string_view kind, std::string_view owner) {
    for (const auto& [name, value] : members_) {
        if (is_nothing(value) || is_ordinary(kind, name, value)) {
            report.taken_over();
        } else {
            report.left_out(reason_of(kind, name), short_name(owner));
        }
    }
    members_.clear();
}

bool is_own_id(std::string_view id) {
    const auto uuid = Uuid::parse(id);
    return uuid && uuid->bytes[6] >> 4 == 7;
}

}  // namespace postrider::cli::keycloak
