#include <fmt/format.h>

#include "cli/context.h"
#include "cli/views.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

int list(Context& context, const Given& given) {
    Query query;
    query.add("state", given.text("--state")).add("event_id", given.text("--event-id"));
    query.add("event", given.text("--event"));
    if (auto typed = given.text("--webhook")) {
        auto id = find_webhook(context, *typed);
        if (!id) return id.error();
        query.add("webhook_id", *id);
    }
    return show_deliveries(context, given, context.in_realm("/deliveries"), query);
}

std::string path_of(Context& context, const Given& given, std::string_view rest = {}) {
    return context.in_realm(
        fmt::format("/deliveries/{}{}", percent_encoded(*given.text("DELIVERY-ID")), rest));
}

int show(Context& context, const Given& given) {
    auto answer = context.ask("GET", path_of(context, given));
    return answer ? show_delivery(context, *answer) : answer.error();
}

int redeliver(Context& context, const Given& given) {
    auto answer = context.ask("POST", path_of(context, given, "/redeliver"));
    return answer ? show_delivery(context, *answer) : answer.error();
}

int list_operations(Context& context, const Given& given) {
    return show_list(context, given, context.in_realm("/operations"), {},
                     {{"ID", Fit::whole},
                      {"KIND", Fit::whole},
                      {"STATE", Fit::whole},
                      {"DONE", Fit::whole},
                      {"TOTAL", Fit::whole},
                      {"CREATED", Fit::whole},
                      {"WEBHOOK", Fit::whole}},
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

std::string operation_path(Context& context, const Given& given) {
    return context.in_realm("/operations/" + percent_encoded(*given.text("OPERATION-ID")));
}

int show_one_operation(Context& context, const Given& given) {
    if (given.has("--wait")) return wait_for_operation(context, *given.text("OPERATION-ID"));
    auto answer = context.ask("GET", operation_path(context, given));
    return answer ? show_operation(context, *answer) : answer.error();
}

int cancel_operation(Context& context, const Given& given) {
    auto answer = context.ask("DELETE", operation_path(context, given));
    return answer ? show_operation(context, *answer) : answer.error();
}

const Argument delivery_id = {"DELIVERY-ID", "", "the delivery's id", Count::required};
const Argument operation_id = {"OPERATION-ID", "", "the operation's id", Count::required};

}  // namespace

std::vector<Verb> delivery_verbs() {
    return {
        {.group = "delivery",
         .name = "list",
         .summary = "deliveries, newest first",
         .arguments = with_paging({{"--state", "STATE", "pending, delivered, failed or cancelled",
                                    Count::optional, "pending delivered failed cancelled"},
                                   {"--webhook", "WEBHOOK", "only to this one: its id or name"},
                                   {"--event-id", "UUID", "only of this event"},
                                   {"--event", "EVENT", "only of events of this type"}}),
         .examples = "postrider delivery list --state failed --webhook shop",
         .run = list},
        {.group = "delivery",
         .name = "show",
         .summary = "one delivery with each attempt: request, response, timings",
         .arguments = {delivery_id},
         .examples = "postrider delivery show 019300a1-8d20-7c44-b1f2-5a0f9c3e7d92",
         .run = show},
        {.group = "delivery",
         .name = "redeliver",
         .summary = "attempt a final delivery again",
         .arguments = {delivery_id},
         .examples = "postrider delivery redeliver 019300a1-8d20-7c44-b1f2-5a0f9c3e7d92\n"
                     "postrider delivery list --state failed --all --json | jq -r '.items[].id' | "
                     "xargs -n1 "
                     "postrider delivery redeliver",
         .run = redeliver},
        {.group = "operation",
         .name = "list",
         .summary = "what runs in the background, and what ran",
         .arguments = with_paging({}),
         .examples = "postrider operation list",
         .run = list_operations},
        {.group = "operation",
         .name = "show",
         .summary = "how far an operation is",
         .arguments = {operation_id, {"--wait", "", "until it is done"}},
         .examples = "postrider operation show 019300a3-2222-7abc-8def-0123456789ab --wait",
         .run = show_one_operation},
        {.group = "operation",
         .name = "cancel",
         .summary = "stop an operation; what is done stays done",
         .arguments = {operation_id},
         .examples = "postrider operation cancel 019300a3-2222-7abc-8def-0123456789ab",
         .run = cancel_operation},
    };
}

}  // namespace postrider::cli
