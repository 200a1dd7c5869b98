#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace postrider::delivery::admission {

/// At most `count` starts in any span of `per`, spread evenly: the generic cell rate algorithm
/// without a burst. A window whose two ends each fall on a start has one more. Pure.
class Rate {
 public:
    /// Requires: count > 0. The first start is at `from` at the earliest.
    Rate(std::int64_t count, Duration per, Timestamp from)
        : interval_((per + Duration{count - 1}) / count), next_(from) {}

    /// Answers the earliest time of the next start.
    Timestamp next() const { return next_; }
    Duration interval() const { return interval_; }
    void started(Timestamp now) { next_ = std::max(next_, now) + interval_; }

 private:
    Duration interval_;  // rounded up
    Timestamp next_;
};

}  // namespace postrider::delivery::admission
