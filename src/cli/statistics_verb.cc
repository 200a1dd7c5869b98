#include "cli/statistics_verb.h"

#include <fmt/format.h>

#include "cli/find.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;

const json::Value& member(const json::Value& object, std::string_view name) {
    static const json::Value none;
    const auto* value = object.find(name);
    return value == nullptr ? none : *value;
}

std::int64_t number(const json::Value& object, std::string_view name) {
    const auto* value = member(object, name).as_int();
    return value == nullptr ? 0 : *value;
}

/// Never rounded up to "0.0 %" or down from "100.0 %" of something else.
std::string share_of(std::int64_t part, std::int64_t total) {
    if (total == 0) return "";
    const std::int64_t tenths = (part * 1000 + total - 1) / total;
    return part < total && tenths == 1000 ? "99.9 %"
                                          : fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

std::string milliseconds(const json::Value& percentiles, std::string_view which) {
    const json::Value& value = member(percentiles, which);
    if (const auto* real = value.as_double()) return fmt::format("{:.0f} ms", *real);
    if (const auto* whole = value.as_int()) return fmt::format("{} ms", *whole);
    return "";
}

Cell failed_cell(std::int64_t failed) {
    return {std::to_string(failed), failed > 0 ? Style::bad : Style::plain};
}

/// "3 × 503" of the last failure: what is going on now.
std::string last_answer(const json::Value& health) {
    const json::Value& failure = member(health, "last_failure");
    if (member(health, "failing_since").is_null() || failure.is_null()) return "ok";
    const std::string status = text_of(failure, "status");
    return fmt::format("{} × {}", text_of(health, "failures_in_row"),
                       status.empty() ? text_of(failure, "reason") : status);
}

std::string waiting_text(const json::Value& health) {
    const auto* is_more = member(health, "waiting_is_more").as_bool();
    return text_of(health, "waiting") + (is_more != nullptr && *is_more ? "+" : "");
}

std::string name_of(const json::Value& item) {
    const std::string name = text_of(item, "name");
    const auto* is_deleted = member(item, "deleted").as_bool();
    if (is_deleted == nullptr || !*is_deleted) return name;
    return name.empty() ? "(deleted)" : name + " (deleted)";
}

}  // namespace

int rank_webhooks(Context& context, const Given& given, Query query) {
    query.add("group_by", "webhook");
    return show_list(context, given, context.in_realm("/statistics"), std::move(query),
                     {{"WEBHOOK", Fit::cut},
                      {"ATTEMPTS"},
                      {"FAILED"},
                      {"SHARE"},
                      {"LAST"},
                      {"WAITING"},
                      {"LAST SUCCESS", Fit::wide},
                      {"P50", Fit::wide},
                      {"P99", Fit::wide},
                      {"ID", Fit::id}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         const json::Value& attempts = member(item, "attempts");
                         const json::Value& health = member(item, "health");
                         const std::int64_t failed = number(attempts, "failed");
                         return {{name_of(item)},
                                 {text_of(attempts, "total")},
                                 failed_cell(failed),
                                 {share_of(failed, number(attempts, "total"))},
                                 {last_answer(health)},
                                 {waiting_text(health)},
                                 {context.ago(health, "last_success_at"), Style::dim},
                                 {milliseconds(member(item, "attempt_ms"), "p50")},
                                 {milliseconds(member(item, "attempt_ms"), "p99")},
                                 {text_of(item, "webhook_id"), Style::dim}};
                     });
}

namespace {

int over_time(Context& context, const Query& query) {
    auto answer = context.ask("GET", context.in_realm("/statistics") + query.text());
    if (!answer) return answer.error();
    if (context.show_raw(*answer)) return 0;
    Table table({{"SINCE"},
                 {"ATTEMPTS"},
                 {"FAILED"},
                 {"3XX", Fit::wide},
                 {"4XX"},
                 {"5XX"},
                 {"TIMEOUT"},
                 {"TRANSPORT"},
                 {"P99"},
                 {"DELIVERED"},
                 {"GIVEN UP", Fit::wide}});
    const auto* spans = member(answer->value, "spans").as_array();
    if (spans == nullptr) return 0;
    for (const json::Value& span : *spans) {
        const json::Value& attempts = member(span, "attempts");
        const json::Value& deliveries = member(span, "deliveries");
        const bool is_empty = number(attempts, "total") + number(deliveries, "delivered") +
                                  number(deliveries, "failed") + number(deliveries, "cancelled") ==
                              0;
        if (is_empty) continue;
        table.add({{text_of(span, "since").substr(0, 16)},
                   {text_of(attempts, "total")},
                   failed_cell(number(attempts, "failed")),
                   {text_of(attempts, "status_3xx")},
                   {text_of(attempts, "status_4xx")},
                   {text_of(attempts, "status_5xx")},
                   {text_of(attempts, "timeout")},
                   {text_of(attempts, "transport")},
                   {milliseconds(member(span, "attempt_ms"), "p99")},
                   {text_of(deliveries, "delivered")},
                   failed_cell(number(deliveries, "failed"))});
    }
    if (table.empty()) {
        context.say("Nothing was attempted in this time.");
    } else {
        context.show(table);
    }
    return 0;
}

int run(Context& context, const Given& given) {
    const auto since = moment(context, given, "--since");
    if (!since) return since.error();
    const auto until = moment(context, given, "--until");
    if (!until) return until.error();
    Query query;
    query.add("since", *since).add("until", *until);
    const auto webhook = given.text("--webhook");
    if (!webhook && !given.has("--over-time"))
        return rank_webhooks(context, given, std::move(query));
    if (webhook) {
        auto id = find_id(context, webhook_kind, *webhook);
        if (!id) return id.error();
        query.add("webhook_id", *id);
    }
    query.add("resolution", given.text("--resolution"));
    return over_time(context, query);
}

}  // namespace

Verb statistics_verb() {
    return {.group = "",
            .name = "statistics",
            .summary = "which webhooks fail, worst first, and what came of attempts over time",
            .arguments = with_paging(
                {{"--since", "WHEN", "from: a time, or how long ago, like 2h (default: 24h)"},
                 {"--until", "WHEN", "up to: likewise (default: now)"},
                 {"--webhook", "WEBHOOK", "only this one, over time: its id or name"},
                 {"--over-time", "", "all of the realm, over time"},
                 {"--resolution", "SPAN", "how long a line's time is", Argument::Count::optional,
                  "1m 5m 15m 1h 6h 1d"}}),
            .examples =
                "postrider statistics\n"
                "postrider statistics --since 7d --over-time\n"
                "postrider statistics --webhook shop --since 1h",
            .run = run};
}

}  // namespace postrider::cli
