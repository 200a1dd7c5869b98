#include "webhooks/health.h"

#include "model/counter_limits.h"
#include "store/waiting.h"

namespace postrider::webhooks {
namespace {

Timestamp begin_of_day(Timestamp now) {
    return store::begin_of_span(now, store::length(store::Grain::hour)) - 24h;
}

void time_or_null(json::Writer& writer, std::string_view name,
                  const std::optional<Timestamp>& time) {
    if (time) {
        writer.member(name, format_rfc3339(*time));
    } else {
        writer.member_null(name);
    }
}

void write_last_failure(json::Writer& writer, const store::LastResults& last) {
    writer.key("last_failure");
    if (!last.failure_at) return writer.null();
    writer.begin_object();
    writer.member("at", format_rfc3339(*last.failure_at));
    writer.member("kind", to_string(kind_of(last.reason)));
    writer.member("reason", to_string(last.reason));
    if (last.status == 0) {
        writer.member_null("status");
    } else {
        writer.member("status", last.status);
    }
    writer.end_object();
}

}  // namespace

Result<HealthReader> HealthReader::begin(store::sql::Connection& sql, const RealmId& realm,
                                         Timestamp now) {
    HealthReader reader(realm, now);
    POSTRIDER_ASSIGN(const auto countings, store::counters_table::not_folded(sql, realm));
    for (const store::Counting& each : countings) {
        reader.later_[each.webhook].add(each.last);
        if (each.minute >= begin_of_day(now)) {
            reader.not_folded_[each.webhook].add(each.counts);
        }
    }
    return reader;
}

Result<Health> HealthReader::read(store::sql::Connection& sql, const WebhookId& webhook) const {
    Health health;
    POSTRIDER_ASSIGN(const auto last, store::counters_table::last_of(sql, realm_, webhook));
    if (last) health.last = *last;
    if (const auto later = later_.find(webhook); later != later_.end()) {
        health.last.add(later->second);
    }
    POSTRIDER_ASSIGN(const auto spans,
                     store::counters_table::of_webhook(sql, realm_, webhook, store::Grain::hour,
                                                       begin_of_day(now_), now_ + 1h));
    for (const auto& span : spans) health.day.add(span.counts);
    if (const auto more = not_folded_.find(webhook); more != not_folded_.end()) {
        health.day.add(more->second);
    }
    POSTRIDER_ASSIGN(
        const auto waiting,
        store::deliveries_table::waiting(sql, realm_, webhook, limits::waiting_counted_max + 1));
    constexpr auto counted_max = static_cast<std::int64_t>(limits::waiting_counted_max);
    health.waiting = std::min(waiting.count, counted_max);
    health.waiting_is_more = waiting.count > counted_max;
    POSTRIDER_ASSIGN(health.breaker, store::breakers_table::find(sql, realm_, webhook));
    if (waiting.oldest) health.oldest_waiting_at = waiting.oldest->uuid.time();
    return health;
}

void write_health(json::Writer& writer, const Health& health) {
    const auto& breaker = health.breaker;
    writer.begin_object();
    writer.member("breaker", breaker ? "open" : "closed");
    time_or_null(writer, "open_since", breaker ? std::optional(breaker->opened_at) : std::nullopt);
    time_or_null(writer, "next_probe_at",
                 breaker ? std::optional(breaker->next_probe_at) : std::nullopt);
    time_or_null(writer, "last_success_at", health.last.success_at);
    write_last_failure(writer, health.last);
    time_or_null(writer, "failing_since", health.last.failing_since);
    writer.member("failures_in_row", health.last.failures);
    writer.member("attempts_24h", health.day.attempts_in_all());
    writer.member("failed_24h", health.day.attempts_failed());
    writer.member("waiting", health.waiting);
    writer.member("waiting_is_more", health.waiting_is_more);
    time_or_null(writer, "oldest_waiting_at", health.oldest_waiting_at);
    writer.end_object();
}

}  // namespace postrider::webhooks
