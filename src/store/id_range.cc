#include "store/id_range.h"

namespace postrider::store {

Uuid first_id_at(Timestamp time) {
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).time_since_epoch().count();
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
