#include <fmt/format.h>

#include "base/json_text.h"
#include "base/uuid.h"
#include "cli/context.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

/// One event's members, for the API. Errors: one sentence.
Result<std::string> build_event(Context& context, const Given& given, const std::string& event) {
    std::string resource = given.text_or("--resource-id", "");
    if (resource.empty()) resource = UuidMinter(context.random()).mint(context.now()).to_string();
    POSTRIDER_ASSIGN(auto text, read_argument(context, given.text_or("--data", "{}")));
    auto data = json::compact(text, limits::json_depth_max);
    if (!data)
        return fail(ErrorCode::invalid_argument, "--data is no JSON: " + data.error().message);
    if (!data->starts_with('{')) {
        return fail(ErrorCode::invalid_argument,
                    "--data must be a JSON object, like '{\"total\":12}'");
    }
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.member("event", event);
    writer.member("resource_id", resource);
    if (auto timestamp = given.text("--timestamp")) writer.member("timestamp", *timestamp);
    writer.member_raw("data", *data);
    writer.end_object();
    return body;
}

/// A file of events as the API's body: {"events": […]}, an array, or one event a line.
Result<std::string> build_batch(Context& context, const std::string& file) {
    POSTRIDER_ASSIGN(auto text, read_argument(context, file == "-" ? file : "@" + file));
    // Each event is checked by the server, which names the bad ones; here it must only be JSON.
    if (auto whole = json::compact(text, limits::json_depth_max + 2)) {
        if (whole->starts_with('[')) return "{\"events\":" + *whole + "}";
        auto members = json::split_object(*whole, limits::json_depth_max + 2);
        if (members && members->size() == 1 && members->front().name == "events") return *whole;
    }
    std::string events;
    std::size_t number = 0;
    std::string_view rest = text;
    while (!rest.empty()) {
        auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        auto event = json::compact(line, limits::json_depth_max + 1);
        if (!event) {
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("line {} of {} is no JSON: {}", number, file, event.error().message));
        }
        events += (events.empty() ? "" : ",") + *event;
    }
    if (events.empty()) return fail(ErrorCode::invalid_argument, "there are no events in " + file);
    return "{\"events\":[" + events + "]}";
}

void say_published(Context& context, const json::Value& event) {
    auto count = text_of(event, "deliveries");
    context.say(fmt::format("{}  {}  to {} webhook{}", text_of(event, "id"),
                            text_of(event, "event"), count, count == "1" ? "" : "s"));
}

int publish(Context& context, const Given& given) {
    auto event = given.text("EVENT");
    auto batch = given.text("--batch");
    if (event.has_value() == batch.has_value()) {
        return context.wrong("publish takes an EVENT, or --batch and a file of them");
    }
    for (const char* flag : {"--resource-id", "--data", "--timestamp"}) {
        if (batch && given.has(flag)) {
            return context.wrong(
                fmt::format("{} does not go with --batch: it is in the file", flag));
        }
    }
    auto body = batch ? build_batch(context, *batch) : build_event(context, given, *event);
    if (!body) return context.wrong(body.error().message);
    // A key of our own makes repeating safe when the answer is lost (promise 1).
    std::string key = given.text_or("--idempotency-key", "");
    if (key.empty()) key = "cli-" + UuidMinter(context.random()).mint(context.now()).to_string();
    auto answer = context.ask("POST", context.in_realm(batch ? "/events/batch" : "/events"), *body,
                              {{"Idempotency-Key", key}});
    if (!answer) {
        if (context.outcome_unknown()) {
            context.complain(
                fmt::format("whether it was accepted is not known; the same again with "
                            "--idempotency-key {} is safe",
                            key));
        }
        return answer.error();
    }
    if (context.connection().json()) {
        context.show_json(answer->body);
        return exit_ok;
    }
    const bool names = context.connection().output == Output::name;
    const auto* items = answer->value.find("items");
    if (items == nullptr || items->as_array() == nullptr) {
        if (!context.show_raw(*answer)) say_published(context, answer->value);
        return exit_ok;
    }
    for (const auto& each : *items->as_array()) {
        if (names) {
            context.say(text_of(each, "id"));
        } else {
            say_published(context, each);
        }
    }
    return exit_ok;
}

}  // namespace

std::vector<Verb> publish_verbs() {
    return {
        {.group = "",
         .name = "publish",
         .summary = "publish an event, or a file of events",
         .arguments = {{"EVENT", "", "the event type, like user.created"},
                       {"--data", "JSON",
                        "what the event says, a JSON object; @FILE reads a file, - standard input "
                        "(default {})"},
                       {"--resource-id", "UUID", "what the event is about (default: a new UUID)"},
                       {"--timestamp", "TIME", "when it happened, RFC 3339 (default: now)"},
                       {"--idempotency-key", "KEY",
                        "publishing again with the same key changes nothing (default: a new one)"},
                       {"--batch", "FILE",
                        "publish all events of a file or none: one JSON event a line, or an array; "
                        "- is standard input"}},
         .examples = "postrider publish order.paid --data '{\"total\": 12.50}'\n"
                     "jq -c .customer crm.json | postrider publish user.created --data -\n"
                     "postrider publish --batch events.ndjson --idempotency-key import-7",
         .run = publish}};
}

}  // namespace postrider::cli
