#include <fmt/format.h>

#include "cli/confirm.h"
#include "cli/context.h"
#include "cli/search_verb.h"
#include "cli/statistics_verb.h"
#include "cli/top_verb.h"
#include "cli/views.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

int list(Context& context, const Given& given) {
    Query query;
    query.add("state", given.text("--state"));
    if (auto typed = given.text("--event-id")) {
        auto id = find_id(context, event_kind, *typed);
        if (!id) return id.error();
        query.add("event_id", *id);
    }
    query.add("event", given.text("--event"));
    if (auto typed = given.text("--webhook")) {
        auto id = find_id(context, webhook_kind, *typed);
        if (!id) return id.error();
        query.add("webhook_id", *id);
    }
    query.add("status", given.text("--status")).add("outcome", given.text("--outcome"));
    query.add("resource_id", given.text("--resource"));
    query.add("min_duration", given.text("--slower-than"));
    return show_deliveries(context, given, context.in_realm("/deliveries"), query);
}

int show(Context& context, const Given& given) {
    auto path = find_path(context, delivery_kind, given.text_or("DELIVERY-ID", "last"));
    if (!path) return path.error();
    auto answer = context.ask("GET", *path);
    return answer ? show_delivery(context, *answer) : answer.error();
}

int change(Context& context, const Given& given, std::string_view suffix) {
    auto path = find_path(context, delivery_kind, *given.text("DELIVERY-ID"), suffix);
    if (!path) return path.error();
    auto answer = context.ask("POST", *path);
    return answer ? show_delivery(context, *answer) : answer.error();
}

int redeliver(Context& context, const Given& given) { return change(context, given, "/redeliver"); }

int attempt_now(Context& context, const Given& given) {
    return change(context, given, "/attempt-now");
}

int retry(Context& context, const Given& given) {
    auto state = given.text("--state");
    if (!state) {
        return context.wrong("delivery retry needs --state: pending, failed or cancelled");
    }
    json::Object body = {{"state", *state}};
    if (auto typed = given.text("--webhook")) {
        auto id = find_id(context, webhook_kind, *typed);
        if (!id) return id.error();
        body.emplace_back("webhook_id", *id);
    }
    const auto add = [&](std::string_view flag, const char* member) {
        if (auto text = given.text(flag)) body.emplace_back(member, *text);
    };
    add("--event", "event");
    add("--status", "status");
    add("--outcome", "outcome");
    add("--resource", "resource_id");
    add("--slower-than", "min_duration");
    for (const char* member : {"since", "until"}) {
        auto when = moment(context, given, std::string("--") + member);
        if (!when) return when.error();
        if (*when) body.emplace_back(member, **when);
    }
    if (given.has("--dry-run")) body.emplace_back("dry_run", true);
    auto answer = context.ask("POST", context.in_realm("/deliveries/retry"),
                              json::serialize(json::Value(std::move(body))));
    if (!answer) return answer.error();
    if (given.has("--dry-run")) return show_count(context, *answer);
    if (given.has("--wait")) return wait_for_operation(context, text_of(answer->value, "id"));
    return show_operation(context, *answer);
}

int list_operations(Context& context, const Given& given) {
    return show_list(context, given, context.in_realm("/operations"), {},
                     {{"ID", Fit::id},
                      {"KIND", Fit::whole},
                      {"STATE", Fit::whole},
                      {"DONE", Fit::whole},
                      {"TOTAL", Fit::whole},
                      {"CREATED", Fit::whole},
                      {"WEBHOOK", Fit::id}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         auto state = text_of(item, "state");
                         return {{text_of(item, "id")},
                                 {text_of(item, "kind")},
                                 {state, state == "failed" ? Style::bad : Style::plain},
                                 {text_of(item, "done")},
                                 {text_of(item, "total")},
                                 {context.ago(item, "created_at"), Style::dim},
                                 {text_of(item, "webhook_id"), Style::dim}};
                     });
}

int show_one_operation(Context& context, const Given& given) {
    auto id = find_id(context, operation_kind, given.text_or("OPERATION-ID", "last"));
    if (!id) return id.error();
    if (given.has("--wait")) return wait_for_operation(context, *id);
    auto answer = context.ask("GET", context.in_realm("/operations/" + *id));
    return answer ? show_operation(context, *answer) : answer.error();
}

int cancel_operation(Context& context, const Given& given) {
    auto path = find_path(context, operation_kind, *given.text("OPERATION-ID"));
    if (!path) return path.error();
    const auto no = confirm(context, given,
                            {.verb = "Cancel",
                             .past = "cancelled",
                             .what = fmt::format("operation \"{}\"", *given.text("OPERATION-ID")),
                             .consequence = "What it has done stays done; the rest is not done."});
    if (no) return *no;
    auto answer = context.ask("DELETE", *path);
    return answer ? show_operation(context, *answer) : answer.error();
}

const Argument delivery_id = {"DELIVERY-ID", "", "its id, a part of it, or last", Count::required};
const Argument operation_id = {"OPERATION-ID", "", "its id, a part of it, or last",
                               Count::required};
const Argument any_delivery = {"DELIVERY-ID", "", "its id, or a part of it (default: the newest)"};
const Argument any_operation = {"OPERATION-ID", "",
                                "its id, or a part of it (default: the newest)"};

}  // namespace

std::vector<Verb> delivery_verbs() {
    return {
        {.group = "delivery",
         .name = "list",
         .summary = "deliveries, newest first",
         .arguments = with_paging(
             {{"--state", "STATE", "pending, delivered, failed or cancelled", Count::optional,
               "pending delivered failed cancelled"},
              {"--webhook", "WEBHOOK", "only to this one: its id or name"},
              {"--event-id", "UUID", "only of this event; a part of its id will do"},
              {"--event", "EVENT", "only of events of this type"},
              {"--status", "STATUS", "only those last answered so: 503, or 5xx"},
              {"--outcome", "OUTCOME", "of the last attempt: transport, dns_failed …"},
              {"--resource", "UUID", "only of events about this resource"},
              {"--slower-than", "DURATION", "only those whose last attempt took so long"}}),
         .examples = "postrider delivery list --state failed --webhook shop\n"
                     "postrider delivery list --status 5xx --slower-than 2s",
         .run = list},
        {.group = "delivery",
         .name = "show",
         .summary = "one delivery with each attempt: request, response, timings",
         .arguments = with_watch({any_delivery}),
         .examples = "postrider delivery show\npostrider delivery show 019300a1…7d92",
         .run = show},
        {.group = "delivery",
         .name = "redeliver",
         .summary = "attempt a final delivery again",
         .arguments = {delivery_id},
         .examples = "postrider delivery redeliver 019300a1…7d92\n"
                     "postrider delivery list --state failed --all -o name | xargs -n1 postrider "
                     "delivery redeliver",
         .run = redeliver},
        {.group = "delivery",
         .name = "attempt-now",
         .summary = "attempt a pending delivery now; its schedule stays whole",
         .arguments = {delivery_id},
         .examples = "postrider delivery attempt-now last\n"
                     "postrider delivery list --state pending -o name | xargs -n1 postrider "
                     "delivery attempt-now",
         .run = attempt_now},
        {.group = "delivery",
         .name = "retry",
         .summary = "attempt all that match: pending ones now, final ones again",
         .arguments = {{"--state", "STATE", "pending, failed or cancelled", Count::optional,
                        "pending failed cancelled"},
                       {"--webhook", "WEBHOOK", "only to this one: its id or name"},
                       {"--event", "EVENT", "only of events of this type"},
                       {"--status", "STATUS", "only those last answered so: 503, or 5xx"},
                       {"--outcome", "OUTCOME", "of the last attempt: transport, dns_failed …"},
                       {"--resource", "UUID", "only of events about this resource"},
                       {"--slower-than", "DURATION", "only those whose last attempt took so long"},
                       {"--since", "WHEN", "only those made since a time, or so long ago, like 2d"},
                       {"--until", "WHEN", "only those made before"},
                       {"--dry-run", "", "only say how many match"},
                       {"--wait", "", "until it is done"}},
         .examples = "postrider delivery retry --state pending --webhook shop --dry-run\n"
                     "postrider delivery retry --state failed --status 5xx --since 2h --wait",
         .run = retry},
        statistics_verb(),
        top_verb(),
        search_verb(),
        {.group = "operation",
         .name = "list",
         .summary = "what runs in the background, and what ran",
         .arguments = with_paging({}),
         .examples = "postrider operation list",
         .run = list_operations},
        {.group = "operation",
         .name = "show",
         .summary = "how far an operation is",
         .arguments = {any_operation, {"--wait", "", "until it is done"}},
         .examples = "postrider operation show 019300a3-2222-7abc-8def-0123456789ab --wait",
         .run = show_one_operation},
        {.group = "operation",
         .name = "cancel",
         .summary = "stop an operation; what is done stays done",
         .arguments = with_yes({operation_id}),
         .examples = "postrider operation cancel 019300a3-2222-7abc-8def-0123456789ab",
         .run = cancel_operation},
    };
}

}  // namespace postrider::cli
