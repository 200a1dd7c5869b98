#include <fmt/format.h>

#include <ostream>

#include "cli/context.h"
#include "cli/listener.h"
#include "cli/request_text.h"
#include "cli/signature_check.h"
#include "net/ip_address.h"
#include "net/url.h"

namespace postrider::cli {
namespace {

using Count = Argument::Count;

Result<std::vector<VerificationKey>> keys_of(const Given& given) {
    std::vector<VerificationKey> keys;
    for (const auto& text : given.list("--secret")) {
        POSTRIDER_ASSIGN(auto key, parse_verification_key(text));
        keys.push_back(std::move(key));
    }
    return keys;
}

Result<ListenOptions> listen_options(const Given& given) {
    ListenOptions options;
    auto wrong = [](std::string sentence) {
        return fail(ErrorCode::invalid_argument, std::move(sentence));
    };
    auto port = number_in(given.text_or("--port", "3000"), 0, 65535);
    if (!port) return wrong("--port must be a number from 0 (any free one) to 65535");
    options.port = static_cast<std::uint16_t>(*port);
    options.address = given.text_or("--address", "127.0.0.1");
    if (options.address != "localhost" && !net::IpAddress::parse(options.address)) {
        return wrong("--address must be an IP address, like 127.0.0.1 or ::1");
    }
    options.path = given.text_or("--path", "");
    bool plain = options.path.find_first_of("{}?# ") == std::string::npos;
    if (!options.path.empty() && (!options.path.starts_with('/') || !plain)) {
        return wrong("--path must begin with / and have no query, like /webhook");
    }
    auto keys = keys_of(given);
    if (!keys) return wrong("--secret: " + keys.error().message);
    options.keys = std::move(*keys);
    auto tolerance = parse_duration(given.text_or("--tolerance", "5m"));
    if (!tolerance) return wrong("--tolerance must be a duration, like 5m");
    options.tolerance = *tolerance;
    auto status = number_in(given.text_or("--status", "204"), 200, 599);
    if (!status) return wrong("--status must be an HTTP status from 200 to 599");
    options.status = static_cast<int>(*status);
    auto delay = parse_duration(given.text_or("--delay", "0s"));
    if (!delay || *delay > 1h) return wrong("--delay must be a duration up to 1h, like 2s");
    options.delay = *delay;
    if (auto text = given.text("--count")) {
        auto count = number_in(*text, 1, 1'000'000'000);
        if (!count) return wrong("--count must be a whole number, at least 1");
        options.count = static_cast<unsigned>(*count);
    }
    if (auto text = given.text("--forward-to")) {
        auto url = net::parse_url(*text);
        if (!url) return wrong("--forward-to: " + url.error().message);
        options.forward_to = std::move(*url);
    }
    options.json = given.has("--json");
    return options;
}

int run_listen(Context& context, const Given& given) {
    auto options = listen_options(given);
    if (!options) return context.wrong(options.error().message);
    bool v6 = options->address.find(':') != std::string::npos;
    return listen(
        context, *options, [&](std::uint16_t port) {
            context.terminal().error
                << fmt::format(fmt::runtime(v6 ? "listening on http://[{}]:{}{}; end with Ctrl-C\n"
                                               : "listening on http://{}:{}{}; end with Ctrl-C\n"),
                               options->address, port, options->path.empty() ? "/" : options->path)
                << std::flush;
        });
}

/// Headers from --header and --header-file and the body from standard input, or all of it from
/// there.
Result<RequestText> request_of(Context& context, const Given& given) {
    POSTRIDER_ASSIGN(auto input, read_argument(context, "-"));
    if (!given.has("--header") && !given.has("--header-file")) return parse_request_text(input);
    RequestText request;
    if (auto file = given.text("--header-file")) {
        POSTRIDER_ASSIGN(auto text, read_argument(context, "@" + *file));
        POSTRIDER_ASSIGN(request, parse_request_text(text + "\n\n"));
    }
    for (const auto& line : given.list("--header")) {
        POSTRIDER_ASSIGN(auto header, parse_header_line(line));
        request.headers.push_back(std::move(header));
    }
    request.body = std::move(input);
    return request;
}

int verify(Context& context, const Given& given) {
    auto keys = keys_of(given);
    if (!keys) return context.wrong("--secret: " + keys.error().message);
    if (keys->empty()) return context.wrong("verify needs --secret: whsec_… or whpk_…");
    auto tolerance = parse_duration(given.text_or("--tolerance", "5m"));
    if (!tolerance) return context.wrong("--tolerance must be a duration, like 5m");
    auto now = context.now();
    if (auto text = given.text("--now")) {
        auto time = parse_rfc3339(*text);
        if (!time) return context.wrong("--now must be a time, like 2026-11-23T18:00:00Z");
        now = *time;
    }
    auto request = request_of(context, given);
    if (!request) return context.wrong(request.error().message);
    auto check =
        check_signature({request->header("webhook-id"), request->header("webhook-timestamp"),
                         request->header("webhook-signature"), request->body},
                        *keys, now, *tolerance);
    auto& out = context.terminal().out;
    if (given.has("--json")) {
        std::string text;
        json::Writer writer(text);
        writer.begin_object();
        writer.member("verified", check.ok());
        writer.member("detail", check.detail);
        writer.end_object();
        context.show_json(text);
    } else if (check.ok()) {
        out << paint("verified", Style::good, context.terminal().colours) << ": "
            << printable(request->header("webhook-id")) << '\n';
    } else {
        out << paint("NOT verified", Style::bad, context.terminal().colours) << ": " << check.detail
            << '\n';
    }
    return check.ok() ? exit_ok : exit_not_verified;
}

const Argument secret_argument = {
    "--secret", "SECRET", "whsec_… (v1) or whpk_… (v1a); again for more", Count::repeatable};
const Argument tolerance_argument = {"--tolerance", "DURATION",
                                     "how far its timestamp may be off (default 5m)"};

}  // namespace

std::vector<Verb> tool_verbs() {
    return {
        {.group = "",
         .name = "listen",
         .summary = "a receiver: show each webhook, verify its signature (401 when it is wrong)",
         .arguments = {{"--port", "PORT", "default 3000; 0: any free one"},
                       {"--address", "ADDRESS", "default 127.0.0.1"},
                       {"--path", "PATH", "answer this path only (default: any)"},
                       secret_argument,
                       tolerance_argument,
                       {"--status", "STATUS", "answer with this (default 204): 500 to see retries"},
                       {"--delay", "DURATION", "wait before answering: 20s to see timeouts"},
                       {"--forward-to", "URL",
                        "send each on to there and answer as it answers, for an application "
                        "under development"},
                       {"--count", "N", "end after so many; 4 when one did not verify"},
                       {"--json", "", "one JSON object a line"}},
         .examples = "postrider listen --secret whsec_…\n"
                     "postrider listen --port 3001 --status 503 --delay 2s\n"
                     "postrider listen --forward-to http://localhost:8000/webhooks\n"
                     "postrider listen --count 1 --json | jq .body.data",
         .needs = Verb::Needs::nothing,
         .run = run_listen},
        {.group = "",
         .name = "verify",
         .summary = "check the signature of a saved request",
         .arguments = {secret_argument,
                       tolerance_argument,
                       {"--header", "NAME: VALUE",
                        "standard input is the body alone; again for more", Count::repeatable, "",
                        "-H"},
                       {"--header-file", "FILE",
                        "the header lines; standard input is the body alone"},
                       {"--now", "TIME", "verify as of this time (default: now)"},
                       {"--json", "", "write JSON"}},
         .examples = "postrider verify --secret whsec_… < request.http\n"
                     "postrider verify --secret whsec_… --header 'webhook-id: …' --header "
                     "'webhook-timestamp: …' --header 'webhook-signature: v1,…' < body.json",
         .needs = Verb::Needs::nothing,
         .run = verify},
        {.group = "",
         .name = "completion",
         .summary = "the script that completes these verbs in a shell",
         .arguments = {{"SHELL", "", "bash, zsh or fish", Count::required, "bash zsh fish"}},
         .examples = "source <(postrider completion bash)\n"
                     "postrider completion zsh > ~/.zfunc/_postrider",
         .needs = Verb::Needs::nothing,
         .run = nullptr},
    };
}

}  // namespace postrider::cli
