#include "webhooks/authentication.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/encoding.h"
#include "base/nearest.h"
#include "model/credential_limits.h"
#include "net/url.h"

namespace postrider::webhooks {
namespace {

constexpr std::array<std::string_view, 3> types{"basic", "bearer", "oauth2"};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7f; }

std::string text_problem(std::string_view text, std::size_t bytes_max) {
    if (text.empty()) return "must not be empty";
    if (text.size() > bytes_max) return fmt::format("must be at most {} bytes", bytes_max);
    if (std::ranges::any_of(text, is_control)) return "has a control character; remove it";
    return {};
}

std::string username_problem(std::string_view text) {
    if (text.contains(':')) return "must have no colon: it ends the user name in this scheme";
    return text_problem(text, limits::credential_name_bytes_max);
}

std::string name_problem(std::string_view text) {
    return text_problem(text, limits::credential_name_bytes_max);
}

std::string secret_problem(std::string_view text) {
    return text_problem(text, limits::credential_bytes_max);
}

std::string token_problem(std::string_view text) {
    if (text == secret_mask) return {};
    if (!std::ranges::all_of(text, is_visible_ascii)) {
        return "may hold only visible ASCII characters, and no spaces; leave out \"Bearer\"";
    }
    return secret_problem(text);
}

std::string url_problem(std::string_view text) {
    const auto url = net::parse_url(text);
    if (!url) return url.error().message;
    return url->is_tls() ? "" : "must begin with https: a client's secret goes there";
}

/// A member of `authentication` beside its type.
struct Member {
    std::string_view name;
    std::string Authentication::* field;
    std::string (*problem)(std::string_view text);
    bool is_required = true;
};
using Members = std::span<const Member>;

constexpr Member basic_members[] = {
    {"username", &Authentication::username, username_problem},
    {"password", &Authentication::secret, secret_problem},
};
constexpr Member bearer_members[] = {{"token", &Authentication::secret, token_problem}};
constexpr Member oauth2_members[] = {
    {"token_url", &Authentication::token_url, url_problem},
    {"client_id", &Authentication::client_id, name_problem},
    {"client_secret", &Authentication::secret, secret_problem},
    {"scope", &Authentication::scope, name_problem, false},
    {"audience", &Authentication::audience, name_problem, false},
};

Members members_of(AuthenticationType type) {
    switch (type) {
        case AuthenticationType::basic:
            return basic_members;
        case AuthenticationType::bearer:
            return bearer_members;
        case AuthenticationType::oauth2:
            return oauth2_members;
    }
    return {};
}

/// The type, which says what else there may be.
std::optional<AuthenticationType> read_type(const json::Value& value, const RefuseMember& refuse) {
    const auto* type = value.find("type");
    if (type == nullptr) {
        refuse("/type", fmt::format("is required: {}", fmt::join(types, ", ")));
        return std::nullopt;
    }
    const auto* text = type->as_string();
    const auto found = text == nullptr ? std::nullopt : parse_authentication_type(*text);
    if (!found) refuse("/type", fmt::format("must be {}", fmt::join(types, ", ")));
    return found;
}

}  // namespace

std::string_view to_string(AuthenticationType type) {
    return types[static_cast<std::size_t>(type)];
}

std::optional<AuthenticationType> parse_authentication_type(std::string_view text) {
    const auto found = std::ranges::find(types, text);
    if (found == types.end()) return std::nullopt;
    return static_cast<AuthenticationType>(found - types.begin());
}

std::string_view secret_member_of(AuthenticationType type) {
    const auto members = members_of(type);
    return std::ranges::find(members, &Authentication::secret, &Member::field)->name;
}

std::optional<Authentication> read_authentication(const json::Value& value,
                                                  const RefuseMember& refuse) {
    if (value.as_object() == nullptr) {
        refuse("", fmt::format("must be an object with a type ({}), not {}", fmt::join(types, ", "),
                               value.type_name()));
        return std::nullopt;
    }
    const auto type = read_type(value, refuse);
    if (!type) return std::nullopt;
    bool is_right = true;
    const auto wrong = [&](std::string_view name, std::string detail) {
        is_right = false;
        refuse(fmt::format("/{}", name), std::move(detail));
    };
    Authentication read{.type = *type};
    std::vector<std::string_view> known{"type"};
    for (const Member& member : members_of(*type)) {
        known.push_back(member.name);
        const auto* given = value.find(member.name);
        if (given == nullptr || given->is_null()) {
            if (member.is_required) wrong(member.name, "is required");
            continue;
        }
        const auto* text = given->as_string();
        if (text == nullptr) {
            wrong(member.name, fmt::format("must be a string, not {}", given->type_name()));
        } else if (auto problem = member.problem(*text); !problem.empty()) {
            wrong(member.name, std::move(problem));
        } else {
            read.*member.field = *text;
        }
    }
    for (const auto& [name, member] : *value.as_object()) {
        if (std::ranges::find(known, name) == known.end()) {
            wrong(name, unknown_member(name, known));
        }
    }
    if (!is_right) return std::nullopt;
    if (*type == AuthenticationType::oauth2) {
        read.token_url = net::parse_url(read.token_url)->to_string();
    }
    return read;
}

void write_authentication(json::Writer& writer, const Authentication& authentication) {
    writer.begin_object();
    writer.member("type", to_string(authentication.type));
    for (const Member& member : members_of(authentication.type)) {
        const std::string& text = authentication.*member.field;
        if (member.is_required || !text.empty()) writer.member(member.name, text);
    }
    writer.end_object();
}

std::string authorization_of(const Authentication& authentication, std::string_view secret) {
    if (authentication.type == AuthenticationType::basic) {
        return "Basic " + base64_encode(fmt::format("{}:{}", authentication.username, secret));
    }
    return fmt::format("Bearer {}", secret);
}

}  // namespace postrider::webhooks
