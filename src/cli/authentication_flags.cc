#include "cli/authentication_flags.h"

#include <fmt/format.h>

#include <utility>

namespace postrider::cli {
namespace {

struct Named {
    const char* flag;
    const char* member;
};
constexpr Named of_oauth2[] = {{"--client-id", "client_id"},
                               {"--client-secret", "client_secret"},
                               {"--scope", "scope"},
                               {"--audience", "audience"}};

std::unexpected<Error> wrong(std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message));
}

Result<json::Value> basic_of(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return wrong("--basic: must be a user name, a colon and a password, such as shop:secret");
    }
    return json::Value(json::Object{{"type", "basic"},
                                    {"username", text.substr(0, colon)},
                                    {"password", text.substr(colon + 1)}});
}

}  // namespace

std::vector<Argument> authentication_arguments() {
    return {{"--basic", "USER:PASSWORD", "authenticate with a user name and a password"},
            {"--bearer", "TOKEN", "authenticate with a token that does not change"},
            {"--oauth2", "URL",
             "authenticate with access tokens of this token endpoint (client credentials)"},
            {"--client-id", "ID", "with --oauth2"},
            {"--client-secret", "SECRET", "with --oauth2"},
            {"--scope", "SCOPE", "with --oauth2; words separated by spaces"},
            {"--audience", "AUDIENCE", "with --oauth2, for servers that want one"},
            {"--no-authentication", "", "do not authenticate any more"}};
}

Result<std::optional<json::Value>> authentication_of(const Given& given) {
    std::optional<json::Value> value;
    int ways = 0;
    if (const auto basic = given.text("--basic")) {
        POSTRIDER_ASSIGN(value, basic_of(*basic));
        ++ways;
    }
    if (const auto token = given.text("--bearer")) {
        value = json::Value(json::Object{{"type", "bearer"}, {"token", *token}});
        ++ways;
    }
    if (given.has("--no-authentication")) {
        value = json::Value();
        ++ways;
    }
    const auto url = given.text("--oauth2");
    if (url) ++ways;
    if (ways > 1) {
        return wrong("--basic, --bearer, --oauth2 and --no-authentication exclude each other");
    }
    json::Object oauth2{{"type", "oauth2"}, {"token_url", url.value_or("")}};
    for (const auto& [flag, member] : of_oauth2) {
        const auto text = given.text(flag);
        if (!text) continue;
        if (!url) return wrong(fmt::format("{} goes with --oauth2 and its URL", flag));
        oauth2.emplace_back(member, *text);
    }
    if (url) value = json::Value(std::move(oauth2));
    return value;
}

}  // namespace postrider::cli
