#include "base/steady_time.h"

namespace postrider {

Timestamp SteadyTime::at(Timestamp wall, Monotonic monotonic) {
    const Duration difference =
        wall.time_since_epoch() - std::chrono::floor<Duration>(monotonic.time_since_epoch());
    if (has_begun_) {
        const Duration moved = difference - difference_;
        if (moved > step_min_ || moved < -step_min_) stepped_ += moved;
    }
    has_begun_ = true;
    difference_ = difference;
    return wall - stepped_;
}

}  // namespace postrider
