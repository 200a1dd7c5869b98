#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.h"
#include "delivery/admission/slow_start.h"
#include "model/breaker_limits.h"
#include "store/breakers_table.h"

namespace postrider::delivery::admission {

/// Leaves a receiver that is down alone: deliveries wait and keep their schedule, and one at a time
/// is tried. Opens after limits::breaker_failures_in_row failures in a row, or when most attempts
/// of the last minute failed; a probe that the receiver answers with anything but 429 or 5xx closes
/// it. Internal outcomes say nothing about the receiver. Pure, told the time.
class Breaker {
 public:
    using Open = store::BreakerRow;
    /// nullopt: closed.
    const std::optional<Open>& open() const { return open_; }

    /// What another process left. A probe that is later than any may be is of a clock that was
    /// wrong.
    void recall(const std::optional<Open>& open, Timestamp now);
    /// The webhook was changed by hand: whatever was known of its receiver.
    void close();
    /// Somebody asks for an attempt: the next probe is due at `at`, if it was not before. No-op
    /// when it is closed.
    void hurry(Timestamp at);

    struct End {
        LaneSignal signal = LaneSignal::none;
        bool was_probe = false;  ///< it began while the breaker was open
        Timestamp at = {};       ///< by the time that deliveries are due by
        Timestamp wall = {};
        /// What the receiver asks to be left alone for (Retry-After).
        std::optional<Duration> retry_after = {};
    };
    /// An attempt ended.
    void ended(const End& end);

    /// What it came to.
    struct Change {
        std::optional<Open> open;
        bool has_changed = false;  ///< the store is to keep it
    };

 private:
    /// Of one part of limits::breaker_window.
    struct Part {
        std::int64_t number = 0;  ///< of parts since the epoch
        std::size_t attempts = 0;
        std::size_t failures = 0;
    };
    static constexpr std::size_t parts = 6;

    void count(bool has_failed, Timestamp at);
    bool have_most_failed(Timestamp at) const;
    void wait(Duration at_least, const End& end);

    std::optional<Open> open_;
    std::size_t failures_in_row_ = 0;
    std::array<Part, parts> window_{};
};

}  // namespace postrider::delivery::admission
