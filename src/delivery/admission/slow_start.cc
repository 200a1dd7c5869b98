#include "delivery/admission/slow_start.h"

#include <algorithm>

#include "model/limits.h"

namespace postrider::delivery::admission {

SlowStart::SlowStart() : limit_(limits::lane_in_flight_first) {}

void SlowStart::ended(LaneSignal signal, std::size_t most) {
    switch (signal) {
        case LaneSignal::success:
            timeouts_in_row_ = 0;
            limit_ = is_proven_ ? std::min(limit_ + 1, std::max(limit_, most))
                                : std::max(limit_, limits::lane_in_flight_first);
            is_proven_ = true;
            is_careful_ = is_careful_ && limit_ < most;
            return;
        case LaneSignal::none:
            return;
        case LaneSignal::refused:
        case LaneSignal::failure:
            // It answers, if not what we like: the retry schedule spares it, not the limit.
            timeouts_in_row_ = 0;
            if (is_careful_ && signal == LaneSignal::failure) {
                limit_ = std::max<std::size_t>(limit_ / 2, 1);
            }
            return;
        case LaneSignal::timeout:
            if (++timeouts_in_row_ >= limits::lane_timeouts_before_narrow) {
                limit_ = 1;
                is_proven_ = false;
            }
            return;
    }
}

void SlowStart::begin_anew() {
    limit_ = 1;
    timeouts_in_row_ = 0;
    is_proven_ = true;
    is_careful_ = true;
}

}  // namespace postrider::delivery::admission
