#include "delivery/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "delivery/retry_after.h"
#include "model/limits.h"

namespace postrider::delivery {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
        return lower(x) == lower(y);
    });
}

const std::string* find_header(const Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (equals_ignoring_case(key, name)) return &value;
    }
    return nullptr;
}

Duration with_jitter(Duration delay, Random& random) {
    double factor = 1.0 + limits::retry_jitter * (2.0 * random.unit() - 1.0);
    return Duration{static_cast<std::int64_t>(static_cast<double>(delay.count()) * factor)};
}

}  // namespace

std::optional<Duration> asked_delay(const AttemptResult& result, Timestamp now) {
    if (result.status == 0) return std::nullopt;
    const auto* header = find_header(result.response_headers, "retry-after");
    return header != nullptr ? parse_retry_after(*header, now) : std::nullopt;
}

namespace {

Duration response_delay(const AttemptResult& result, Duration scheduled, Timestamp now,
                        Random& jitter) {
    Duration delay = with_jitter(scheduled, jitter);
    const auto asked = asked_delay(result, now);
    if (!asked) return delay;
    return std::clamp<Duration>(*asked, delay, std::max<Duration>(delay, limits::retry_delay_max));
}

void finish(store::DeliveryRow& row, DeliveryState state, std::string reason, Timestamp now) {
    row.state = state;
    row.reason = std::move(reason);
    row.finished_at = now;
}

Duration internal_delay(std::int64_t failures_before) {
    const auto doublings = std::min<std::int64_t>(failures_before, 20);
    return std::min<Duration>(limits::internal_retry_first * (std::int64_t{1} << doublings),
                              limits::internal_retry_max);
}

void decide_internal(store::DeliveryRow& row, const AttemptResult& result,
                     const webhooks::Target& target, Timestamp now) {
    // How long it has failed so, in a row: not how long it is pending, for it may have waited for
    // days behind an open breaker.
    Duration waited{0};
    for (std::int64_t i = 0; i < row.internal_failures; ++i) waited += internal_delay(i);
    const Duration delay = internal_delay(row.internal_failures);
    ++row.internal_failures;
    Duration span =
        std::accumulate(target.retry_schedule.begin(), target.retry_schedule.end(), Duration{0});
    if (waited + delay > std::max<Duration>(span, 1h)) {
        finish(row, DeliveryState::failed,
               fmt::format("The server could not send it for as long as the retry schedule lasts; "
                           "last: {}.",
                           describe(result)),
               now);
    } else {
        row.due_at = now + delay;
    }
}

/// A webhook without retries gets none. What was sent by hand, and what a deleted webhook is still
/// told, ends by the schedule: nothing disables the webhook of such a delivery, which would end it.
bool waits_for_the_breaker(const store::DeliveryRow& row, const webhooks::Target& target) {
    return !target.retry_schedule.empty() && !row.by_hand && !target.tombstone;
}

void decide_failure(store::DeliveryRow& row, const AttemptResult& result,
                    const webhooks::Target& target, Timestamp now, Random& jitter) {
    row.internal_failures = 0;
    auto position = static_cast<std::size_t>(row.schedule_position);
    ++row.schedule_position;
    if (position >= target.retry_schedule.size()) {
        finish(row, DeliveryState::failed,
               target.retry_schedule.empty()
                   ? fmt::format("The only attempt failed: {}.", describe(result))
                   : fmt::format("All {} attempts of the retry schedule failed; last: {}.",
                                 target.retry_schedule.size() + 1, describe(result)),
               now);
    } else {
        row.due_at = now + response_delay(result, target.retry_schedule[position], now, jitter);
    }
}

}  // namespace

std::string describe(const AttemptResult& result) {
    if (!result.detail.empty()) return result.detail;
    if (result.status != 0) return fmt::format("answered {}", result.status);
    return std::string(to_string(result.reason));
}

Decision decide(const store::DeliveryRow& row, const AttemptResult& result,
                const webhooks::Target& target, Timestamp started_at, Timestamp now, Random& jitter,
                std::optional<Timestamp> probe_again_at) {
    Decision decision{.next = row};
    auto& next = decision.next;
    ++next.attempts;
    next.crashes = 0;
    next.last_attempt_at = started_at;
    OutcomeKind kind = kind_of(result.reason);
    if (result.reason == OutcomeReason::accepted) {
        next.internal_failures = 0;
        finish(next, DeliveryState::delivered, "", now);
        return decision;
    }
    if (row.test) {
        finish(next, DeliveryState::failed, fmt::format("The test failed: {}.", describe(result)),
               now);
        return decision;
    }
    decision.counts_as_failure = kind != OutcomeKind::internal && !row.by_hand;
    if (result.reason == OutcomeReason::gone) {
        decision.disable_gone = true;
        finish(next, DeliveryState::failed,
               "The receiver answered 410 Gone, which disables the webhook.", now);
    } else if (result.reason == OutcomeReason::unrenderable) {
        finish(next, DeliveryState::failed, fmt::format("It was not sent: {}.", describe(result)),
               now);
    } else if (kind == OutcomeKind::internal) {
        decide_internal(next, result, target, now);
    } else if (probe_again_at && waits_for_the_breaker(row, target)) {
        next.internal_failures = 0;
        next.due_at = *probe_again_at;
    } else {
        decide_failure(next, result, target, now, jitter);
    }
    return decision;
}

}  // namespace postrider::delivery
