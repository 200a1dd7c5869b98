#include "cli/feed_verbs.h"

#include <fmt/format.h>

#include <chrono>
#include <ostream>

#include "base/encoding.h"
#include "cli/context.h"
#include "cli/directory_view.h"
#include "cli/feed_reader.h"
#include "cli/request_text.h"
#include "cli/signature.h"
#include "model/event.h"
#include "model/limits.h"
#include "net/url.h"

namespace postrider::cli {
namespace {

using Count = Argument::Count;
using Fit = Column::Fit;

constexpr std::size_t line_data_bytes_max = 2000;  ///< of an event's data in one line
constexpr std::size_t answer_bytes_shown_max = 300;

std::string cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return std::string(text);
    return std::string(text.substr(0, bytes_max)) + " …";
}

/// "18:12:03.124", or the whole of it where it goes to a file.
std::string time_of(Context& context, const FedEvent& event) {
    constexpr std::size_t date = 11, to_millis = 12;
    if (!context.terminal().is_terminal || event.accepted_at.size() < date + to_millis) {
        return event.accepted_at;
    }
    return event.accepted_at.substr(date, to_millis);
}

int tail(Context& context, const Given& given) {
    auto& out = context.terminal().out;
    return follow_feed(context, given, [&](const FedEvent& event) {
        switch (context.connection().output) {
            case Output::json:
                out << event.text << '\n';
                break;
            case Output::name:
                out << printable(event.id) << '\n';
                break;
            case Output::table:
            case Output::wide:
                out << paint(time_of(context, event), Style::dim, context.terminal().colours)
                    << "  " << printable(event.event) << "  "
                    << paint(printable(event.resource_id), Style::dim, context.terminal().colours)
                    << "  "
                    << printable(context.connection().output == Output::wide
                                     ? event.data
                                     : cut(event.data, line_data_bytes_max))
                    << '\n';
        }
        out << std::flush;
        return out.good();
    });
}

/// Where events are sent on to.
struct Target {
    net::Url url;
    std::vector<SigningKey> keys;
    Context::Headers headers;
};

/// A new v1 secret, as `openssl rand -base64 32` would make it.
std::string new_secret(Context& context) {
    return "whsec_" + base64_encode(context.random().bytes(limits::secret_bytes_default));
}

Result<Target> target_of(Context& context, const Given& given) {
    Target target;
    POSTRIDER_ASSIGN(target.url, net::parse_url(given.text_or("URL", "")));
    auto secrets = given.list("--secret");
    if (secrets.empty()) {
        secrets.push_back(new_secret(context));
        context.terminal().error << "signed with " << secrets.back() << '\n';
    }
    for (const auto& text : secrets) {
        auto key = parse_signing_key(text);
        if (!key) return fail(ErrorCode::invalid_argument, "--secret: " + key.error().message);
        target.keys.push_back(std::move(*key));
    }
    for (const auto& line : given.list("--header")) {
        POSTRIDER_ASSIGN(auto header, parse_header_line(line));
        target.headers.push_back(std::move(header));
    }
    return target;
}

http::ClientRequest request_of(Context& context, const Target& target, const FedEvent& event) {
    const auto happened = parse_rfc3339(event.timestamp).value_or(Timestamp{});
    const auto resource = ResourceId::parse(event.resource_id).value_or(ResourceId{});
    http::ClientRequest request;
    request.method = "POST";
    request.path = target.url.target;
    request.body = event_body(event.event, happened, resource, event.data);
    const auto timestamp = std::to_string(to_micros(context.now()) / 1'000'000);
    request.headers = {
        {"content-type", "application/json"},
        {"webhook-id", event.id},
        {"webhook-timestamp", timestamp},
        {"webhook-signature", signature_of(target.keys, event.id, timestamp, request.body)}};
    request.headers.insert(request.headers.end(), target.headers.begin(), target.headers.end());
    return request;
}

/// What a server would do after this answer; "" after a 2xx.
std::string_view meaning_of(int status) {
    if (status >= 200 && status <= 299) return {};
    if (status == 410) return "a server would disable the webhook";
    if (status >= 300 && status <= 399) return "a server follows no redirects, and tries again";
    return "a server would try again";
}

void say_answer(Context& context, const FedEvent& event, const http::ClientResponse& answer,
                std::int64_t millis) {
    auto& out = context.terminal().out;
    const auto meaning = meaning_of(answer.status);
    if (context.connection().json()) {
        std::string text;
        json::Writer writer(text);
        writer.begin_object();
        writer.member("id", event.id);
        writer.member("event", event.event);
        writer.member("status", answer.status);
        writer.member("accepted", meaning.empty());
        writer.member("milliseconds", millis);
        writer.member("body", cut(answer.body, answer_bytes_shown_max));
        writer.member("position", event.position);
        writer.end_object();
        out << text << '\n' << std::flush;
        return;
    }
    const auto colours = context.terminal().colours;
    out << printable(event.event) << "  " << paint(printable(event.id), Style::dim, colours) << "  "
        << paint(std::to_string(answer.status), meaning.empty() ? Style::good : Style::bad, colours)
        << fmt::format(" in {} ms", millis) << (meaning.empty() ? "" : ": ") << meaning << '\n';
    if (!meaning.empty() && !answer.body.empty()) {
        out << "    " << printable(cut(answer.body, answer_bytes_shown_max)) << '\n';
    }
    out << std::flush;
}

int forward(Context& context, const Given& given) {
    const auto target = target_of(context, given);
    if (!target) return context.wrong(target.error().message);
    const http::Client client({.base_url = target->url.origin(),
                               .token = {},
                               .ca_file = {},
                               .timeout = limits::attempt_timeout_default});
    return follow_feed(context, given, [&](const FedEvent& event) {
        bool was_away = false;
        while (true) {
            const auto request = request_of(context, *target, event);
            const auto before = context.clock().monotonic();
            const auto answer = client.send(request);
            const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                                    context.clock().monotonic() - before)
                                    .count();
            if (answer) {
                say_answer(context, event, *answer, millis);
                return true;
            }
            // An application that is being worked on starts again and again: the event waits.
            if (!std::exchange(was_away, true)) {
                context.complain(fmt::format("{}: {}; trying again until it answers",
                                             printable(event.event), answer.error().message));
            }
            if (!context.pause(1s)) return false;
        }
    });
}

std::string path_of(const Context& context, const Given& given) {
    return consumer_path(context, given.text_or("NAME", ""));
}

int list_consumers(Context& context, const Given& given) {
    return show_list(context, given, context.in_realm("/consumers"), {},
                     {{"NAME", Fit::cut},
                      {"EVENTS", Fit::cut},
                      {"BEHIND", Fit::whole},
                      {"SINCE", Fit::whole},
                      {"UPDATED", Fit::whole}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         return {{text_of(item, "name")},
                                 {text_of(item, "events")},
                                 {text_of(item, "behind")},
                                 {context.ago(item, "behind_since")},
                                 {context.ago(item, "updated_at"), Style::dim}};
                     });
}

void show_one(Context& context, const json::Value& value) {
    Card card;
    card.add("Name", text_of(value, "name"));
    card.add("Events", text_of(value, "events"));
    card.add("Position", text_of(value, "position"));
    const auto since = context.ago(value, "behind_since");
    card.add("Behind", since.empty() ? "nothing"
                                     : fmt::format("{} events, the first {}",
                                                   text_of(value, "behind"), since));
    card.add("Created", context.when(value, "created_at"));
    card.add("Updated", context.when(value, "updated_at"));
    context.show(card);
}

int show_consumer(Context& context, const Given& given) {
    const auto answer = context.ask("GET", path_of(context, given));
    if (!answer) return answer.error();
    if (!context.show_raw(*answer)) show_one(context, answer->value);
    return exit_ok;
}

int create_consumer(Context& context, const Given& given) {
    const auto body = consumer_body(given.words("--event"), given.text("--position"));
    const auto answer = context.ask("PUT", path_of(context, given), body);
    if (!answer) return answer.error();
    if (!context.show_raw(*answer)) show_one(context, answer->value);
    return exit_ok;
}

int delete_consumer(Context& context, const Given& given) {
    const auto name = given.text_or("NAME", "");
    if (const auto code = context.confirm(given, fmt::format("consumer \"{}\"", name)))
        return *code;
    return say_done(context, context.ask("DELETE", path_of(context, given)),
                    "deleted consumer " + name);
}

const Argument name_argument = {"NAME", "", "its name", Count::required};

std::vector<Verb> consumer_verbs() {
    return {
        {.group = "consumer",
         .name = "list",
         .summary = "who reads the log by name, and how far behind each is",
         .arguments = with_watch({}),
         .examples = "postrider consumer list",
         .run = list_consumers},
        {.group = "consumer",
         .name = "show",
         .summary = "one of them",
         .arguments = with_watch({name_argument}),
         .examples = "postrider consumer show billing",
         .run = show_consumer},
        {.group = "consumer",
         .name = "create",
         .summary = "make one, or set its events and its position",
         .arguments = {name_argument,
                       {"--event", "EVENT",
                        "what it reads: a type, user.*, or * (default); again "
                        "for more",
                        Count::repeatable},
                       {"--position", "POSITION",
                        "where it goes on: a position, oldest, or newest (of a new one: newest)"}},
         .examples = "postrider consumer create billing --event 'order.*'\n"
                     "postrider consumer create billing --position oldest",
         .run = create_consumer},
        {.group = "consumer",
         .name = "delete",
         .summary = "forget its position",
         .arguments = with_yes({name_argument}),
         .examples = "postrider consumer delete billing",
         .run = delete_consumer},
    };
}

}  // namespace

std::vector<Verb> feed_verbs() {
    std::vector<Verb> verbs = {
        {.group = "",
         .name = "tail",
         .summary = "follow the log: every event as it is committed, in order",
         .arguments = with_feed({}),
         .examples = "postrider tail\n"
                     "postrider tail --event 'user.*' -o json | jq .data\n"
                     "postrider tail --consumer mirror --after oldest",
         .run = tail},
        {.group = "",
         .name = "forward",
         .summary = "send the log's events on to a receiver on this machine, signed: no tunnel",
         .arguments = with_feed(
             {{"URL", "", "the receiver, like http://localhost:3000/webhook", Count::required},
              {"--secret", "SECRET",
               "whsec_… (v1) or whsk_… (v1a), again for more (default: a new one, which is said)",
               Count::repeatable},
              {"--header", "NAME: VALUE", "one more; again for more", Count::repeatable, "",
               "-H"}}),
         .examples = "postrider forward http://localhost:3000/webhook --secret \"$SECRET\"\n"
                     "postrider forward http://localhost:3000/webhook --event 'order.*' "
                     "--consumer laptop",
         .run = forward},
    };
    for (auto& verb : consumer_verbs()) verbs.push_back(std::move(verb));
    return verbs;
}

}  // namespace postrider::cli
