#include <fmt/format.h>

#include <ostream>

#include "base/json_text.h"
#include "base/uuid.h"
#include "cli/context.h"
#include "cli/request_text.h"
#include "cli/sample.h"
#include "cli/signature.h"
#include "model/limits.h"
#include "net/url.h"

namespace postrider::cli {
namespace {

using Count = Argument::Count;

/// A webhook as a server would send it.
struct Sample {
    std::string body;
    Context::Headers headers;
    net::Url url;
};

/// The four members of a webhook, in their order; or the bytes of --body as they are.
Result<std::string> body_of_sample(Context& context, const Given& given, Timestamp happened) {
    if (const auto body = given.text("--body")) {
        if (given.has("--data") || given.has("--event")) {
            return fail(ErrorCode::invalid_argument,
                        "--body is the whole body: leave --data and --event out");
        }
        return read_argument(context, *body);
    }
    const auto event = given.text_or("--event", "user.created");
    POSTRIDER_ASSIGN(const auto data, sample_data(context, given, event));
    auto resource = given.text_or("--resource-id", "");
    if (resource.empty()) resource = UuidMinter(context.random()).mint(context.now()).to_string();
    return body_of({.event = event, .happened = happened, .resource_id = resource, .data = data});
}

Result<Sample> make_sample(Context& context, const Given& given) {
    Sample sample;
    std::vector<SigningKey> keys;
    for (const auto& text : given.list("--secret")) {
        auto key = parse_signing_key(text);
        if (!key) return fail(ErrorCode::invalid_argument, "--secret: " + key.error().message);
        keys.push_back(std::move(*key));
    }
    const auto typed_url = given.text_or("URL", "http://localhost:3000/webhook");
    auto url = net::parse_url(typed_url);
    if (!url) return fail(ErrorCode::invalid_argument, url.error().message);
    sample.url = std::move(*url);
    auto at = context.now();
    if (const auto text = given.text("--timestamp")) {
        const auto time = parse_when(*text, at);
        if (!time) {
            return fail(ErrorCode::invalid_argument,
                        "--timestamp must be a time like 2026-11-23T18:00:00Z, or how long ago, "
                        "like 10m");
        }
        at = *time;
    }
    POSTRIDER_ASSIGN(sample.body, body_of_sample(context, given, at));
    auto id = given.text_or("--id", "");
    if (id.empty()) id = UuidMinter(context.random()).mint(context.now()).to_string();
    const auto timestamp = std::to_string(to_micros(at) / 1'000'000);
    sample.headers = {{"content-type", "application/json"},
                      {"webhook-id", id},
                      {"webhook-timestamp", timestamp},
                      {"webhook-signature", signature_of(keys, id, timestamp, sample.body)}};
    for (const auto& line : given.list("--header")) {
        POSTRIDER_ASSIGN(auto header, parse_header_line(line));
        sample.headers.push_back(std::move(header));
    }
    return sample;
}

/// In single quotes for a shell.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    return out + "'";
}

void print_curl(Context& context, const Sample& sample) {
    std::string text = "curl " + quoted(sample.url.to_string());
    for (const auto& [name, value] : sample.headers) {
        text += " \\\n  -H " + quoted(name + ": " + value);
    }
    context.terminal().out << text << " \\\n  --data-binary " << quoted(sample.body) << '\n';
}

/// As `postrider verify` reads it.
void print_request(Context& context, const Sample& sample) {
    auto& out = context.terminal().out;
    out << "POST " << sample.url.target << " HTTP/1.1\nhost: " << sample.url.host_header() << '\n';
    for (const auto& [name, value] : sample.headers) out << name << ": " << value << '\n';
    out << "content-length: " << sample.body.size() << "\n\n" << sample.body << '\n';
}

int send_sample(Context& context, const Sample& sample) {
    http::Client client({.base_url = sample.url.origin(),
                         .token = {},
                         .ca_file = {},
                         .timeout = limits::attempt_timeout_max});
    const auto answer = client.send({.method = "POST",
                                     .path = sample.url.target,
                                     .body = sample.body,
                                     .headers = sample.headers});
    if (!answer) {
        context.complain(answer.error().message);
        return exit_failed;
    }
    const bool accepted = answer->status >= 200 && answer->status <= 299;
    if (context.connection().json()) {
        std::string text;
        json::Writer writer(text);
        writer.begin_object();
        writer.member("accepted", accepted);
        writer.member("status", answer->status);
        writer.member("body", printable_lines(answer->body));
        writer.end_object();
        context.show_json(text);
        return accepted ? exit_ok : exit_failed;
    }
    Card card;
    card.add("Sent", fmt::format("POST {}", sample.url.to_string()));
    for (const auto& [name, value] : sample.headers) {
        card.add("", printable(name) + ": " + printable(value));
    }
    card.add("Body", sample.body);
    card.add("Answer", fmt::format("{}{}", answer->status, accepted ? ": accepted" : ": refused"),
             accepted ? Style::good : Style::bad);
    if (!answer->body.empty()) card.add("", answer->body.substr(0, limits::log_value_bytes_max));
    context.show(card);
    return accepted ? exit_ok : exit_failed;
}

int sign(Context& context, const Given& given) {
    if (!given.has("--secret")) {
        return context.wrong(
            "sign needs --secret: the one that your receiver verifies with; a new one is "
            "whsec_$(openssl rand -base64 32)");
    }
    const auto sample = make_sample(context, given);
    if (!sample) return context.wrong(sample.error().message);
    if (given.has("--curl")) {
        print_curl(context, *sample);
        return exit_ok;
    }
    if (given.has("URL")) return send_sample(context, *sample);
    print_request(context, *sample);
    return exit_ok;
}

}  // namespace

std::vector<Verb> sign_verbs() {
    return {
        {.group = "",
         .name = "sign",
         .summary = "send a signed sample to a receiver, or print it; needs no server",
         .arguments =
             {{"URL", "", "POST it there; without one the request is printed"},
              {"--secret", "SECRET",
               "whsec_… (v1) or whsk_… (v1a); again for more, as in a rotation", Count::repeatable},
              {"--event", "EVENT",
               "its type; a built-in one brings its example (default user.created)"},
              {"--data", "JSON", "what it says, a JSON object; @FILE, -"},
              {"--resource-id", "UUID", "what it is about (default: a new UUID)"},
              {"--body", "TEXT", "the whole body as it is; @FILE, -"},
              {"--id", "ID", "the webhook-id (default: a new one); the same again is a duplicate"},
              {"--timestamp", "WHEN",
               "when it was signed (default: now); 10m, ten minutes ago, is too old"},
              {"--header", "NAME: VALUE", "one more; again for more", Count::repeatable, "", "-H"},
              {"--curl", "", "print a curl command instead"},
              {"--json", "", "write what came of it as JSON"}},
         .examples =
             "postrider sign http://localhost:3000/webhook --secret \"$SECRET\"\n"
             "postrider sign --secret \"$SECRET\" --event order.paid --data '{\"total\": 12.5}' "
             "--curl\n"
             "postrider sign --secret \"$SECRET\" | postrider verify --secret \"$SECRET\"",
         .needs = Verb::Needs::nothing,
         .run = sign}};
}

}  // namespace postrider::cli
