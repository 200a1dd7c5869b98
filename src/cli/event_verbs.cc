#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/json_text.h"
#include "cli/context.h"
#include "cli/feed_verbs.h"
#include "cli/find.h"
#include "cli/views.h"
#include "model/limits.h"
#include "model/trace.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

/// A member's own bytes: a parsed number may have lost digits. "" when there is none.
std::string member_text(std::string_view object, std::string_view name) {
    auto members = json::split_object(object, limits::json_depth_max + 8);
    if (!members) return {};
    for (auto& member : *members) {
        if (member.name == name) return std::move(member.value);
    }
    return {};
}

int list(Context& context, const Given& given) {
    auto since = moment(context, given, "--since");
    if (!since) return since.error();
    auto until = moment(context, given, "--until");
    if (!until) return until.error();
    Query query;
    query.add("event", given.text("--event")).add("resource_id", given.text("--resource-id"));
    query.add("since", *since).add("until", *until);
    return show_list(context, given, context.in_realm("/events"), query,
                     {{"ID", Fit::id},
                      {"EVENT", Fit::cut},
                      {"ACCEPTED", Fit::whole},
                      {"ORIGIN", Fit::wide},
                      {"RESOURCE", Fit::id},
                      {"DATA", Fit::cut}},
                     [&](const json::Value& item, std::string_view text) -> std::vector<Cell> {
                         return {{text_of(item, "id")},
                                 {text_of(item, "event")},
                                 {context.ago(item, "accepted_at")},
                                 {text_of(item, "origin"), Style::dim},
                                 {text_of(item, "resource_id"), Style::dim},
                                 {member_text(text, "data"), Style::dim}};
                     });
}

int show(Context& context, const Given& given) {
    auto path = find_path(context, event_kind, given.text_or("EVENT-ID", "last"));
    if (!path) return path.error();
    auto answer = context.ask("GET", *path);
    if (!answer) return answer.error();
    if (context.show_raw(*answer)) return exit_ok;
    const auto& event = answer->value;
    Card card;
    card.add("Id", text_of(event, "id"));
    card.add("Event", text_of(event, "event"));
    card.add("Timestamp", context.when(event, "timestamp"));
    card.add("Accepted", context.when(event, "accepted_at"));
    card.add("Resource", text_of(event, "resource_id"));
    card.add("Origin", text_of(event, "origin"));
    if (const auto trace = text_of(event, "traceparent"); !trace.empty()) {
        card.add("Trace", std::string(trace::id(trace)));
    }
    if (const auto* counts = event.find("deliveries"); counts != nullptr && counts->as_object()) {
        std::string text;
        for (const auto& [state, count] : *counts->as_object()) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", json::serialize(count), state);
        }
        card.add("Deliveries", text);
    }
    card.add("Data", pretty_json(member_text(answer->body, "data")));
    context.show(card);
    return exit_ok;
}

constexpr std::size_t others_shown_max = 10;  ///< webhooks, until those without interest are folded

/// Whether a webhook had to do with the event: it was subscribed, at least.
bool concerns(const json::Value& item) { return text_of(item, "verdict") != "not_subscribed"; }

int explain(Context& context, const Given& given) {
    auto path = find_path(context, event_kind, given.text_or("EVENT-ID", "last"), "/explain");
    if (!path) return path.error();
    auto answer = context.ask("GET", *path);
    if (!answer) return answer.error();
    if (context.show_raw(*answer)) return exit_ok;
    const auto* items = answer->value.find("items");
    if (items == nullptr || items->as_array() == nullptr || items->as_array()->empty()) {
        context.say("the realm has no webhooks");
        return exit_ok;
    }
    Table table({{"WEBHOOK", Fit::cut},
                 {"VERDICT", Fit::whole},
                 {"BECAUSE", Fit::cut},
                 {"DELIVERY", Fit::id}});
    // What got it, or failed to, comes first; on a terminal the others are only counted.
    auto in_order = *items->as_array();
    std::ranges::stable_partition(in_order, concerns);
    std::size_t others = 0;
    for (const auto& item : in_order) {
        auto name = text_of(item, "name");
        auto verdict = text_of(item, "verdict");
        if (!concerns(item) && context.terminal().is_terminal &&
            context.connection().output != Output::wide && in_order.size() > others_shown_max) {
            ++others;
            continue;
        }
        Style style = verdict == "delivered" ? Style::good
                      : verdict == "failed"  ? Style::bad
                      : verdict == "pending" ? Style::warning
                                             : Style::dim;
        table.add({{name.empty() ? text_of(item, "webhook_id") : name},
                   {verdict, style},
                   {text_of(item, "because")},
                   {text_of(item, "delivery_id"), Style::dim}});
    }
    context.show(table);
    if (others > 0) {
        context.say(fmt::format("and {} that did not subscribe to it: -o wide lists them", others));
    }
    return exit_ok;
}

/// Adds the types of one list; the exit code when it cannot be had.
std::optional<ExitCode> add_types(Context& context, Table& table, const std::string& path,
                                  std::string& joined, std::string& names) {
    auto answer = context.ask("GET", path);
    if (!answer) return answer.error();
    auto members = json::split_object(answer->body, limits::json_depth_max + 8);
    if (!members) return exit_failed;
    for (const auto& member : *members) {
        if (member.name == "items" && member.value.size() > 2) {
            joined += (joined.empty() ? "" : ",") + member.value.substr(1, member.value.size() - 2);
        }
    }
    const auto* items = answer->value.find("items");
    if (items == nullptr || items->as_array() == nullptr) return std::nullopt;
    for (const auto& item : *items->as_array()) {
        bool built_in = text_of(item, "built_in") == "true";
        names += printable(text_of(item, "name")) + "\n";
        table.add({{text_of(item, "name")},
                   {built_in ? "built in" : "own", built_in ? Style::dim : Style::plain},
                   {text_of(item, "description")}});
    }
    return std::nullopt;
}

int show_types(Context& context, std::initializer_list<std::string> paths) {
    Table table({{"NAME", Fit::whole}, {"KIND", Fit::whole}, {"DESCRIPTION", Fit::cut}});
    std::string joined, names;
    for (const auto& path : paths) {
        if (auto code = add_types(context, table, path, joined, names)) return *code;
    }
    if (context.connection().json()) {
        context.show_json("{\"items\":[" + joined + "],\"next_cursor\":null}");
    } else if (context.connection().output == Output::name) {
        context.terminal().out << names;
    } else if (table.empty()) {
        context.complain("the realm has no event types of its own");
    } else {
        context.show(table);
    }
    return exit_ok;
}

int types(Context& context, const Given&) {
    return show_types(context, {"/api/v1/event-types", context.in_realm("/event-types")});
}

int list_own_types(Context& context, const Given&) {
    return show_types(context, {context.in_realm("/event-types")});
}

int show_type(Context& context, const Answer& answer) {
    if (context.show_raw(answer)) return exit_ok;
    Card card;
    card.add("Name", text_of(answer.value, "name"));
    card.add("Description", text_of(answer.value, "description"));
    for (auto [name, label] : {std::pair{"schema", "Schema"}, std::pair{"example", "Example"}}) {
        auto text = member_text(answer.body, name);
        if (!text.empty() && text != "null") card.add(label, pretty_json(text));
    }
    card.add("Created", context.when(answer.value, "created_at"));
    card.add("Changed", context.when(answer.value, "updated_at"));
    context.show(card);
    return exit_ok;
}

std::string path_of_type(Context& context, const Given& given) {
    return context.in_realm("/event-types/" + percent_encoded(*given.text("NAME")));
}

/// A built-in type's own bytes in the catalogue; nullopt of any other name.
std::expected<std::optional<Answer>, ExitCode> find_built_in(Context& context,
                                                             const std::string& name) {
    auto answer = context.ask("GET", "/api/v1/event-types");
    if (!answer) return std::unexpected(answer.error());
    auto texts = json::split_array(member_text(answer->body, "items"), limits::json_depth_max + 8);
    if (!texts) return std::nullopt;
    for (auto& text : *texts) {
        auto value = json::parse(text, limits::json_depth_max + 8);
        if (!value || text_of(*value, "name") != name) continue;
        return Answer{200, std::move(text), std::move(*value)};
    }
    return std::nullopt;
}

int show_one_type(Context& context, const Given& given) {
    auto built_in = find_built_in(context, *given.text("NAME"));
    if (!built_in) return built_in.error();
    if (*built_in) return show_type(context, **built_in);
    auto answer = context.ask("GET", path_of_type(context, given));
    return answer ? show_type(context, *answer) : answer.error();
}

/// Creating and replacing differ in the method and the path only.
int write_type(Context& context, const Given& given, std::string_view method,
               const std::string& path) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.member("name", *given.text("NAME"));
    if (auto text = given.text("--description")) writer.member("description", *text);
    for (const char* name : {"schema", "example"}) {
        auto argument = given.text(std::string("--") + name);
        if (!argument) continue;
        auto text = read_argument(context, *argument);
        if (!text) return context.wrong(text.error().message);
        auto compact = json::compact(*text, limits::json_depth_max);
        if (!compact) {
            return context.wrong(fmt::format("--{} is no JSON: {}", name, compact.error().message));
        }
        writer.member_raw(name, *compact);
    }
    writer.end_object();
    auto answer = context.ask(method, path, body);
    return answer ? show_type(context, *answer) : answer.error();
}

int remove_type(Context& context, const Given& given) {
    if (auto no = context.confirm(given, fmt::format("event type \"{}\"", *given.text("NAME")))) {
        return *no;
    }
    auto answer = context.ask("DELETE", path_of_type(context, given));
    if (!answer) return answer.error();
    if (!context.connection().json()) context.say("deleted " + *given.text("NAME"));
    return exit_ok;
}

const Argument event_id = {"EVENT-ID", "", "its id, or a part of it (default: the newest)"};
const Argument type_name = {"NAME", "", "like order.paid", Count::required};
const std::vector<Argument> type_settings = {
    type_name,
    {"--description", "TEXT", "for people"},
    {"--schema", "JSON", "JSON Schema of data; @FILE, - (it documents, it is not enforced)"},
    {"--example", "JSON", "an example of data; @FILE, -; tests send it"}};

}  // namespace

std::vector<Verb> event_verbs() {
    std::vector<Verb> verbs = {
        {.group = "event",
         .name = "list",
         .summary = "the log of events, newest first",
         .arguments =
             with_paging({{"--event", "EVENT", "only of this type"},
                          {"--resource-id", "UUID", "only about this resource"},
                          {"--since", "WHEN", "accepted since: a time, or how long ago, like 2h"},
                          {"--until", "WHEN", "accepted before"}}),
         .examples = "postrider event list --event user.created --since 1h",
         .run = list},
        {.group = "event",
         .name = "show",
         .summary = "one event with its data",
         .arguments = {event_id},
         .examples = "postrider event show\npostrider event show 019300a1…7d90",
         .run = show},
        {.group = "event",
         .name = "explain",
         .summary = "for each webhook: why it got the event, or why not",
         .arguments = with_watch({event_id}),
         .examples = "postrider event explain\npostrider event explain 019300a1…7d90",
         .run = explain},
        {.group = "event",
         .name = "types",
         .summary = "every type that can be published: built in, and the realm's own",
         .arguments = {},
         .examples = "postrider event types",
         .run = types},
        {.group = "event-type",
         .name = "list",
         .summary = "the realm's own event types",
         .arguments = {},
         .examples = "postrider event-type list",
         .run = list_own_types},
        {.group = "event-type",
         .name = "show",
         .summary = "one type with schema and example, a built-in one too",
         .arguments = {type_name},
         .examples = "postrider event-type show order.paid\npostrider event-type show user.created",
         .run = show_one_type},
        {.group = "event-type",
         .name = "create",
         .summary = "register a type of the realm's own",
         .arguments = type_settings,
         .examples = "postrider event-type create order.paid --description 'an order was paid' "
                     "--example '{\"total\": 12.5}'",
         .run =
             [](Context& context, const Given& given) {
                 return write_type(context, given, "POST", context.in_realm("/event-types"));
             }},
        {.group = "event-type",
         .name = "replace",
         .summary = "write a type anew, what is left out too; makes it when there is none",
         .arguments = type_settings,
         .examples = "postrider event-type replace order.paid --schema @order-paid.schema.json",
         .run =
             [](Context& context, const Given& given) {
                 return write_type(context, given, "PUT", path_of_type(context, given));
             }},
        {.group = "event-type",
         .name = "delete",
         .summary = "unregister a type; its events stay in the log",
         .arguments = with_yes({type_name}),
         .examples = "postrider event-type delete order.paid",
         .run = remove_type},
    };
    for (auto& verb : feed_verbs()) verbs.push_back(std::move(verb));
    return verbs;
}

}  // namespace postrider::cli
