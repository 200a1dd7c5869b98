#include "delivery/lane.h"

#include "model/limits.h"

namespace postrider::delivery {

std::size_t Lane::window() const { return admission.limit() * limits::lane_window_factor; }

void Lane::know(const DeliveryId& delivery, Known what) {
    if (known.emplace(delivery, what).second) known_bytes += what.bytes;
}

void Lane::forget(const DeliveryId& delivery) {
    auto found = known.find(delivery);
    if (found == known.end()) return;
    known_bytes -= found->second.bytes;
    known.erase(found);
}

}  // namespace postrider::delivery
