#include "delivery/ports.h"

#include <array>

namespace postrider::delivery {

std::string_view to_string(WaitsFor what) {
    constexpr std::array<std::string_view, 7> names{
        "retry", "authentication", "rate_limit", "max_in_flight", "breaker", "turn", "order"};
    return names[static_cast<std::size_t>(what)];
}

}  // namespace postrider::delivery
