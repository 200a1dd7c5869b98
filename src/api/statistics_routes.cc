#include <algorithm>
#include <array>

#include "api/call.h"
#include "api/routes.h"
#include "store/tables.h"

/// What became of a realm's deliveries over a period: counts in equal spans, and how long they took
/// to arrive. Over the newest limits::statistics_deliveries_max of it, so that it costs the same
/// whatever the realm holds.
namespace postrider::api {

namespace {

using store::DeliveryHead;

constexpr int span_count = 48;

struct Span {
    std::array<std::int64_t, 4> by_state{};
    std::int64_t retrying = 0;  ///< pending after a failed attempt
};

struct Statistics {
    Timestamp since;
    Timestamp until;
    bool is_complete = true;
    std::int64_t counted = 0;
    std::array<Span, span_count> spans{};
    std::vector<Duration> waits;  ///< of those that were delivered
};

Duration span_width(const Statistics& statistics) {
    return std::max(Duration{1}, (statistics.until - statistics.since) / span_count);
}

void count(Statistics& statistics, const DeliveryHead& head) {
    const auto place = (head.id.uuid.time() - statistics.since) / span_width(statistics);
    Span& span = statistics.spans[static_cast<std::size_t>(
        std::clamp<std::int64_t>(place, 0, std::int64_t{span_count} - 1))];
    ++span.by_state[static_cast<std::size_t>(head.state)];
    if (head.state == DeliveryState::pending && head.attempts > 0) ++span.retrying;
    if (head.state == DeliveryState::delivered && head.finished_at) {
        statistics.waits.push_back(std::max(Duration{0}, *head.finished_at - head.pending_since));
    }
    ++statistics.counted;
}

Result<Statistics> read(store::sql::Connection& sql, const RealmId& realm,
                        std::optional<WebhookId> webhook, Timestamp since, Timestamp until) {
    Statistics statistics{.since = since, .until = until, .spans = {}, .waits = {}};
    POSTRIDER_ASSIGN(const auto heads,
                     store::deliveries_table::heads(sql, realm, webhook, since, until,
                                                    limits::statistics_deliveries_max));
    if (heads.size() == limits::statistics_deliveries_max) {
        statistics.is_complete = false;
        statistics.since = std::max(since, heads.back().id.uuid.time());
    }
    for (const DeliveryHead& head : heads) count(statistics, head);
    return statistics;
}

/// Nearest rank.
std::int64_t percentile(std::vector<Duration>& waits, std::size_t percent) {
    const std::size_t rank = std::min(waits.size() - 1, waits.size() * percent / 100);
    const auto place = waits.begin() + static_cast<std::ptrdiff_t>(rank);
    std::ranges::nth_element(waits, place);
    return place->count();
}

void write_counts(json::Writer& writer, const Span& span) {
    for (const DeliveryState state : {DeliveryState::pending, DeliveryState::delivered,
                                      DeliveryState::failed, DeliveryState::cancelled}) {
        writer.member(to_string(state), span.by_state[static_cast<std::size_t>(state)]);
    }
    writer.member("retrying", span.retrying);
}

Answer statistics_answer(Statistics statistics) {
    Span sum;
    for (const Span& span : statistics.spans) {
        for (std::size_t i = 0; i < sum.by_state.size(); ++i) sum.by_state[i] += span.by_state[i];
        sum.retrying += span.retrying;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("since", format_rfc3339(statistics.since));
    writer.member("until", format_rfc3339(statistics.until));
    writer.member("complete", statistics.is_complete);
    writer.member("counted", statistics.counted);
    write_counts(writer, sum);
    if (statistics.waits.empty()) {
        writer.member_null("wait_us_p50");
        writer.member_null("wait_us_p99");
    } else {
        writer.member("wait_us_p50", percentile(statistics.waits, 50));
        writer.member("wait_us_p99", percentile(statistics.waits, 99));
    }
    writer.key("spans");
    writer.begin_array();
    for (int i = 0; i < span_count; ++i) {
        writer.begin_object();
        writer.member("since", format_rfc3339(statistics.since + i * span_width(statistics)));
        write_counts(writer, statistics.spans[static_cast<std::size_t>(i)]);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return json_answer(200, std::move(out));
}

Result<void> get_statistics(Context& context, Call& call) {
    auto query = call.query();
    const auto webhook = query.id<WebhookId>("webhook_id");
    const Timestamp until = query.time("until").value_or(context.clock.now());
    const Timestamp since = query.time("since").value_or(until - limits::statistics_period_default);
    if (since >= until) query.refuse("since", "must be before until");
    POSTRIDER_TRY(query.finish());
    // What is older is not kept.
    const Timestamp from = std::clamp(since, std::min(call.kept_since, until), until);
    store::read<Statistics>(
        call.store,
        [realm = call.realm, webhook, from, until](store::sql::Connection& sql) {
            return read(sql, realm, webhook, from, until);
        },
        call.reply.with<Statistics>(statistics_answer));
    return {};
}

}  // namespace

RouteList statistics_routes(Context& context) {
    return {handle(context, {"GET", "/api/v1/realms/{realm}/statistics", "get_statistics"},
                   get_statistics)};
}

}  // namespace postrider::api
