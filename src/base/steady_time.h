#pragma once

#include "base/time.h"

namespace postrider {

/// Time as it passed while the process ran. It follows the wall clock through the small corrections
/// of a time service, and leaves out every step: an operator who sets the clock, a virtual machine
/// that slept, a board that starts in 1970. For what must not happen because of a step. Pure.
/// Thread-safety: one thread.
class SteadyTime {
 public:
    /// A difference between the two clocks that grows by more than `step_min` at once is a step.
    explicit SteadyTime(Duration step_min) : step_min_(step_min) {}

    /// The steady time, given both clocks as they are now.
    Timestamp at(Timestamp wall, Monotonic monotonic);
    /// By how much the wall clock is ahead of the steady time: the sum of all steps.
    Duration stepped() const { return stepped_; }

 private:
    Duration step_min_;
    bool has_begun_ = false;
    Duration difference_{0};  // wall − monotonic, when last looked
    Duration stepped_{0};
};

}  // namespace postrider
