#include "delivery/admission/breaker.h"

#include <algorithm>

#include "model/limits.h"

namespace postrider::delivery::admission {
namespace {

bool is_failure(LaneSignal signal) {
    return signal == LaneSignal::failure || signal == LaneSignal::timeout;
}

}  // namespace

void Breaker::recall(const std::optional<Open>& open, Timestamp now) {
    open_ = open;
    if (!open_) return;
    open_->wait =
        std::clamp<Duration>(open_->wait, limits::breaker_probe_first, limits::retry_delay_max);
    open_->next_probe_at = std::min<Timestamp>(open_->next_probe_at, now + limits::retry_delay_max);
}

void Breaker::close() {
    open_.reset();
    failures_in_row_ = 0;
    window_ = {};
}

void Breaker::hurry(Timestamp at) {
    if (open_) open_->next_probe_at = std::min(open_->next_probe_at, at);
}

void Breaker::ended(const End& end) {
    if (end.signal == LaneSignal::none) {
        // Nothing was learned, and what is in the server's own way is not to be tried at once.
        if (open_ && end.was_probe) open_->next_probe_at = end.at + open_->wait;
        return;
    }
    if (!is_failure(end.signal)) {
        if (open_) return close();
        failures_in_row_ = 0;
        return count(false, end.at);
    }
    if (open_) {
        // Those that were under way when it opened are no news.
        if (end.was_probe) {
            wait(std::min<Duration>(open_->wait * 2, limits::breaker_probe_max), end);
        }
        return;
    }
    ++failures_in_row_;
    count(true, end.at);
    if (failures_in_row_ < limits::breaker_failures_in_row && !have_most_failed(end.at)) return;
    open_ = Open{.opened_at = end.wall, .next_probe_at = {}, .wait = {}};
    wait(limits::breaker_probe_first, end);
}

void Breaker::wait(Duration at_least, const End& end) {
    open_->wait = at_least;
    open_->next_probe_at = end.at + std::clamp<Duration>(end.retry_after.value_or(at_least),
                                                         at_least, limits::retry_delay_max);
}

void Breaker::count(bool has_failed, Timestamp at) {
    const std::int64_t number = at.time_since_epoch() / (limits::breaker_window / parts);
    Part& part = window_[static_cast<std::size_t>(number) % parts];
    if (part.number != number) part = {.number = number};
    ++part.attempts;
    part.failures += has_failed ? 1 : 0;
}

bool Breaker::have_most_failed(Timestamp at) const {
    const std::int64_t number = at.time_since_epoch() / (limits::breaker_window / parts);
    std::size_t attempts = 0;
    std::size_t failures = 0;
    for (const Part& part : window_) {
        if (part.number <= number - static_cast<std::int64_t>(parts)) continue;
        attempts += part.attempts;
        failures += part.failures;
    }
    return attempts >= limits::breaker_window_attempts_min &&
           failures * 100 >= attempts * limits::breaker_window_failed_percent;
}

}  // namespace postrider::delivery::admission
