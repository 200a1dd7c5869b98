#include "delivery/lane.h"

#include <algorithm>

#include "model/limits.h"

namespace postrider::delivery {

std::size_t Lane::window() const { return limit * limits::lane_window_factor; }

void Lane::know(const DeliveryId& delivery, std::size_t bytes) {
    if (known.emplace(delivery, bytes).second) known_bytes += bytes;
}

void Lane::forget(const DeliveryId& delivery) {
    auto found = known.find(delivery);
    if (found == known.end()) return;
    known_bytes -= found->second;
    known.erase(found);
}

void Lane::tell_due(Timestamp due_at) {
    if (due_since) due_since = std::min(*due_since, due_at);
    if (refill_in_flight) told_due_since = std::min(told_due_since.value_or(due_at), due_at);
}

void Lane::signal(LaneSignal signal) {
    switch (signal) {
        case LaneSignal::success:
            timeouts_in_row = 0;
            // From the first success on: one more for each success, which doubles it a round.
            limit = proven ? std::min(limit + 1, limits::lane_in_flight_max)
                           : std::max(limit, limits::lane_in_flight_first);
            proven = true;
            return;
        case LaneSignal::failure:
            // It answers, if not what we like: the retry schedule spares it, not the limit.
            timeouts_in_row = 0;
            return;
        case LaneSignal::timeout:
            if (++timeouts_in_row >= limits::lane_timeouts_before_narrow) {
                limit = 1;
                proven = false;
            }
            return;
    }
}

}  // namespace postrider::delivery
