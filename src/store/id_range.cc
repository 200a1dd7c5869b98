#include "store/id_range.h"

#include <algorithm>

namespace postrider::store {

Uuid first_id_at(Timestamp time) {
    // An id has no time before 1970.
    const auto ms = std::max<std::int64_t>(
        std::chrono::ceil<std::chrono::milliseconds>(time).time_since_epoch().count(), 0);
    Uuid id;
    for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    return id;
}

Uuid last_id() {
    Uuid id;
    id.bytes.fill(0xFF);
    return id;
}

}  // namespace postrider::store
