#include "cli/health_verb.h"

#include <fmt/format.h>

#include "cli/context.h"

namespace postrider::cli {
namespace {

/// Who looks on is a supervisor that asks again: an answer that takes longer is none.
constexpr Duration patience = 5s;

int check_health(Context& context, const Given& given) {
    const char* variable = context.environment()("POSTRIDER_URL");
    const std::string url = given.text_or(
        "--url", variable != nullptr && *variable != '\0' ? variable : "http://127.0.0.1:8080");
    const http::Client client({.base_url = url,
                               .token = {},
                               .ca_file = given.text_or("--ca-file", ""),
                               .timeout = patience});
    const auto answer =
        client.send({.method = "GET", .path = "/readyz", .body = {}, .headers = {}});
    if (!answer) {
        context.complain(answer.error().message);
        return answer.error().code == ErrorCode::invalid_argument ? exit_wrong_usage : exit_failed;
    }
    if (answer->status == 200) {
        context.say("ready");
        return exit_ok;
    }
    std::string reason = fmt::format("it answered with status {}", answer->status);
    if (const auto problem = json::parse(answer->body)) {
        const auto* detail = problem->find("detail");
        if (detail != nullptr && detail->as_string() != nullptr) reason = *detail->as_string();
    }
    context.complain(fmt::format("{} is not ready: {}", url, reason));
    return exit_failed;
}

}  // namespace

std::vector<Verb> health_verbs() {
    return {{.group = "",
             .name = "health",
             .summary = "whether a server is ready; needs no API key",
             .arguments = {{"--url", "URL", "default http://127.0.0.1:8080 [POSTRIDER_URL]"},
                           {"--ca-file", "FILE",
                            "PEM of the authorities to trust instead of the system's"}},
             .examples = "postrider health\n"
                         "postrider health --url https://hooks.example.com",
             .needs = Verb::Needs::nothing,
             .run = check_health}};
}

}  // namespace postrider::cli
