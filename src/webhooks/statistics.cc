#include "webhooks/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "model/counter_limits.h"

namespace postrider::webhooks {
namespace {

using store::Counted;
using store::Counts;
using store::Grain;

constexpr std::array all_resolutions{
    Resolution{"1m", 1min, Grain::minute},   Resolution{"5m", 5min, Grain::minute},
    Resolution{"15m", 15min, Grain::minute}, Resolution{"1h", 1h, Grain::hour},
    Resolution{"6h", 6h, Grain::hour},       Resolution{"1d", 24h, Grain::day}};

/// The names of Counted's attempts, in its order.
constexpr std::array attempt_names{"status_1xx", "status_2xx", "status_3xx", "status_4xx",
                                   "status_5xx", "timeout",    "transport",  "internal"};
static_assert(attempt_names.size() == store::counted_attempts);

void write_ms(json::Writer& writer, std::string_view name, std::optional<Duration> duration) {
    if (!duration) return writer.member_null(name);
    writer.member_raw(name,
                      fmt::format("{}.{:03}", duration->count() / 1000, duration->count() % 1000));
}

void write_percentiles(json::Writer& writer, std::string_view name,
                       std::span<const std::int64_t> buckets) {
    writer.key(name);
    writer.begin_object();
    write_ms(writer, "p50", store::percentile(buckets, 50));
    write_ms(writer, "p95", store::percentile(buckets, 95));
    write_ms(writer, "p99", store::percentile(buckets, 99));
    writer.end_object();
}

}  // namespace

std::span<const Resolution> resolutions() { return all_resolutions; }

bool is_kept(const Resolution& resolution, Timestamp since, Timestamp now) {
    switch (resolution.grain) {
        case Grain::minute:
            return since >= now - limits::counters_minutes_kept + 1min;
        case Grain::hour:
            return since >= now - limits::counters_hours_kept + 1h;
        case Grain::day:
            return true;
    }
    return false;
}

Period rounded(const Resolution& resolution, Timestamp since, Timestamp until) {
    return {.since = store::begin_of_span(since, resolution.width),
            .until = store::begin_of_span(until - Duration{1}, resolution.width) + resolution.width,
            .resolution = resolution};
}

std::size_t spans_of(const Resolution& resolution, Timestamp since, Timestamp until) {
    const Period period = rounded(resolution, since, until);
    return static_cast<std::size_t>((period.until - period.since) / resolution.width);
}

Result<Statistics> read_statistics(store::sql::Connection& sql, const RealmId& realm,
                                   const WebhookId& webhook, const Period& period) {
    Statistics statistics{.period = period, .counted_since = {}, .sum = {}, .spans = {}};
    const Duration width = period.resolution.width;
    statistics.spans.resize(static_cast<std::size_t>((period.until - period.since) / width));
    POSTRIDER_ASSIGN(statistics.counted_since, store::counters_table::counted_since(sql));
    const auto add = [&](Timestamp at, const Counts& counts) {
        if (at < period.since || at >= period.until) return;
        statistics.spans[static_cast<std::size_t>((at - period.since) / width)].add(counts);
        statistics.sum.add(counts);
    };
    POSTRIDER_ASSIGN(const auto spans,
                     store::counters_table::of_webhook(sql, realm, webhook, period.resolution.grain,
                                                       period.since, period.until));
    for (const auto& span : spans) add(span.since, span.counts);
    POSTRIDER_ASSIGN(const auto countings, store::counters_table::not_folded(sql, realm));
    for (const store::Counting& each : countings) {
        const bool is_meant =
            webhook == store::counters_table::whole_realm || each.webhook == webhook;
        if (is_meant) add(each.minute, each.counts);
    }
    return statistics;
}

std::int64_t Ranked::badness() const {
    constexpr std::int64_t nothing_but_failures = std::int64_t{1} << 48;
    const std::int64_t failed = counts.attempts_failed();
    const bool is_down = failed > 0 && counts.of(Counted::status_2xx) == 0;
    return std::min(failed, nothing_but_failures - 1) + (is_down ? nothing_but_failures : 0);
}

Result<Ranking> rank_webhooks(store::sql::Connection& sql, const RealmId& realm,
                              const Period& period) {
    Ranking ranking;
    POSTRIDER_ASSIGN(ranking.counted_since, store::counters_table::counted_since(sql));
    std::unordered_map<WebhookId, Counts> sums;
    POSTRIDER_ASSIGN(const auto spans,
                     store::counters_table::of_all(sql, realm, period.resolution.grain,
                                                   period.since, period.until));
    for (const auto& span : spans) {
        if (span.webhook != store::counters_table::whole_realm) sums[span.webhook].add(span.counts);
    }
    POSTRIDER_ASSIGN(const auto countings, store::counters_table::not_folded(sql, realm));
    for (const store::Counting& each : countings) {
        if (each.minute >= period.since && each.minute < period.until) {
            sums[each.webhook].add(each.counts);
        }
    }
    ranking.webhooks.reserve(sums.size());
    for (const auto& [webhook, counts] : sums) {
        if (counts.attempts_in_all() > 0) ranking.webhooks.push_back({webhook, counts});
    }
    std::ranges::sort(ranking.webhooks, std::greater<>{},
                      [](const Ranked& each) { return std::pair(each.badness(), each.webhook); });
    return ranking;
}

void write_counts(json::Writer& writer, const Counts& counts) {
    writer.key("attempts");
    writer.begin_object();
    writer.member("total", counts.attempts_in_all());
    writer.member("ok", counts.of(Counted::status_2xx));
    writer.member("failed", counts.attempts_failed());
    for (std::size_t i = 0; i < attempt_names.size(); ++i) {
        writer.member(attempt_names[i], counts.numbers[i]);
    }
    writer.end_object();
    writer.key("deliveries");
    writer.begin_object();
    writer.member("delivered", counts.of(Counted::delivered));
    writer.member("failed", counts.of(Counted::failed));
    writer.member("cancelled", counts.of(Counted::cancelled));
    writer.end_object();
    write_percentiles(writer, "attempt_ms", counts.attempts);
}

void write_distribution(json::Writer& writer, const Counts& counts) {
    write_percentiles(writer, "wait_ms", counts.waits);
    writer.key("attempt_buckets");
    writer.begin_array();
    for (std::size_t i = 0; i < counts.attempts.size(); ++i) {
        writer.begin_object();
        if (i + 1 == counts.attempts.size()) {
            writer.member_null("le_ms");
        } else {
            writer.member("le_ms", store::duration_bound(i) / 1ms);
        }
        writer.member("count", counts.attempts[i]);
        writer.end_object();
    }
    writer.end_array();
}

}  // namespace postrider::webhooks
