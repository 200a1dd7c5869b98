#include "delivery/due_time.h"

#include <algorithm>

namespace postrider::delivery {

DueTime::DueTime(const Kept& last, Timestamp wall, Monotonic monotonic)
    : last_{.due = last.due + std::max<Duration>(wall - last.wall, Duration{0}), .wall = wall},
      monotonic_(monotonic) {
    last_.due = std::max(last_.due, wall);
}

Timestamp DueTime::at(Timestamp wall, Monotonic monotonic) {
    const auto passed = std::chrono::floor<Duration>(monotonic - monotonic_);
    last_ = {.due = std::max(wall, last_.due + passed), .wall = wall};
    // Not the fraction of a microsecond that was left over.
    monotonic_ += passed;
    return last_.due;
}

}  // namespace postrider::delivery
