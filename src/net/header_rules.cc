#include "net/header_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "model/limits.h"

namespace postrider::net {
namespace {

constexpr std::string_view server_sets_it = "the server sets it itself";
constexpr std::string_view belongs_to_connection = "it belongs to the connection";
constexpr std::string_view belongs_to_proxies = "it belongs to proxies";
constexpr std::string_view not_sent = "the server is no browser and sends none";
constexpr std::string_view opens_metadata = "it opens cloud metadata services";

struct OwnedName {
    std::string_view name;  ///< lower case; with a * at its end, everything that begins so
    std::string_view reason;
};

/// Persistent: a name that is taken from here cannot be put back without breaking saved webhooks.
constexpr OwnedName owned_names[] = {
    {"host", server_sets_it},
    {"content-*", server_sets_it},
    {"user-agent", server_sets_it},
    {"date", server_sets_it},
    {"webhook-*", server_sets_it},
    {"ce-*", server_sets_it},
    {"traceparent", server_sets_it},
    {"tracestate", server_sets_it},
    {"expect", server_sets_it},
    {"accept-encoding", server_sets_it},
    {"connection", belongs_to_connection},
    {"keep-alive", belongs_to_connection},
    {"transfer-encoding", belongs_to_connection},
    {"te", belongs_to_connection},
    {"trailer", belongs_to_connection},
    {"upgrade", belongs_to_connection},
    {"http2-settings", belongs_to_connection},
    {"cookie", not_sent},
    {"via", belongs_to_proxies},
    {"forwarded", belongs_to_proxies},
    {"x-forwarded-*", belongs_to_proxies},
    {"proxy-*", belongs_to_proxies},
    {"metadata", opens_metadata},
    {"metadata-flavor", opens_metadata},
    {"metadata-token*", opens_metadata},
    {"x-google-metadata-request", opens_metadata},
    {"x-aws-ec2-metadata-token*", opens_metadata},
    {"x-aliyun-ecs-metadata-token*", opens_metadata},
    {"x-metadata-token", opens_metadata},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool is_token_character(char c) {
    return is_alphanumeric(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool matches(const OwnedName& owned, std::string_view name) {
    auto pattern = owned.name;
    if (pattern.ends_with('*')) {
        pattern.remove_suffix(1);
        name = name.substr(0, pattern.size());
    }
    return std::ranges::equal(pattern, name, {}, {}, lower);
}

const OwnedName* find_owned(std::string_view name) {
    const auto* found =
        std::ranges::find_if(owned_names, [&](const auto& owned) { return matches(owned, name); });
    return found == std::end(owned_names) ? nullptr : found;
}

bool is_token(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, is_token_character);
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

/// What is wrong with a value; empty when nothing is.
std::string_view value_problem(std::string_view value) {
    if (value.empty()) return "the value is empty: give it one, or leave the header out";
    if (is_space(value.front()) || is_space(value.back())) {
        return "the value begins or ends with white space: remove it";
    }
    bool after_space = false;
    for (const char c : value) {
        if (is_space(c)) {
            if (after_space) return "the value has two spaces or tabs in a row: leave one";
            after_space = true;
            continue;
        }
        after_space = false;
        if (c <= 0x20 || c >= 0x7f) {
            return "the value may hold only visible ASCII characters and single spaces or tabs";
        }
    }
    return {};
}

}  // namespace

bool is_header_safe(std::string_view name, std::string_view value) {
    return is_token(name) && find_owned(name) == nullptr && value_problem(value).empty();
}

Result<void> check_header(std::string_view name, std::string_view value) {
    const auto refuse = [](std::string why) {
        return fail(ErrorCode::invalid_argument, std::move(why));
    };
    if (name.empty()) return refuse("a header needs a name");
    if (!is_token(name)) {
        return refuse("a header's name may hold only letters, digits and !#$%&'*+-.^_`|~");
    }
    if (const auto* owned = find_owned(name)) {
        return refuse(fmt::format("{} cannot be set: {}", owned->name, owned->reason));
    }
    if (const auto problem = value_problem(value); !problem.empty()) {
        return refuse(std::string(problem));
    }
    return {};
}

std::string header_pointer(std::string_view name) {
    std::string pointer = "#/headers/";
    for (const char c : name) {
        if (c == '~') {
            pointer += "~0";
        } else if (c == '/') {
            pointer += "~1";
        } else if (is_alphanumeric(c) ||
                   std::string_view("-._!$&'()*+,;=:@").find(c) != std::string_view::npos) {
            pointer += c;
        } else {
            pointer += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return pointer;
}

Result<void> check_headers(const Headers& headers) {
    Error error{ErrorCode::invalid_argument, {}, {}, nullptr};
    const auto add = [&](std::string pointer, std::string detail) {
        error.fields.push_back({std::move(pointer), {}, {}, std::move(detail)});
    };
    std::size_t bytes = 0;
    for (const auto& [name, value] : headers) bytes += name.size() + value.size();
    if (headers.size() > limits::webhook_headers_count_max) {
        add("#/headers", fmt::format("there are {} headers; at most {} are possible",
                                     headers.size(), limits::webhook_headers_count_max));
    }
    if (bytes > limits::webhook_headers_bytes_max) {
        add("#/headers",
            fmt::format("names and values together are {} bytes; at most {} are possible", bytes,
                        limits::webhook_headers_bytes_max));
    }
    std::unordered_set<std::string> seen;
    for (const auto& [name, value] : headers) {
        std::string key = name;
        std::ranges::transform(key, key.begin(), lower);
        if (auto checked = check_header(name, value); !checked) {
            add(header_pointer(name), std::move(checked.error().message));
        } else if (!seen.insert(std::move(key)).second) {
            add(header_pointer(name),
                "this name is there twice, in upper or lower case: leave one");
        }
    }
    if (error.fields.empty()) return {};
    error.message = error.fields.front().detail;
    return std::unexpected(std::move(error));
}

}  // namespace postrider::net
