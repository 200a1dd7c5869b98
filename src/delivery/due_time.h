#pragma once

#include "base/time.h"

namespace postrider::delivery {

/// The time by which deliveries are due: the wall clock, but it never goes back. When somebody sets
/// the clock back it is ahead of it from then on, so that what waits comes due after the wait that
/// it was given (promise 7). Pure, told both clocks.
/// Thread-safety: one thread.
class DueTime {
 public:
    /// What the next run needs to go on with it.
    struct Kept {
        Timestamp due{};  ///< the last one
        Timestamp wall{};
    };
    DueTime() = default;
    /// Goes on where the last run was. A clock that was set back while the server was down counts
    /// as no time.
    DueTime(const Kept& last, Timestamp wall, Monotonic monotonic);

    Timestamp at(Timestamp wall, Monotonic monotonic);
    Kept kept() const { return last_; }
    /// By how much it is ahead of the wall clock.
    Duration ahead() const { return last_.due - last_.wall; }

 private:
    Kept last_;
    Monotonic monotonic_{};
};

}  // namespace postrider::delivery
