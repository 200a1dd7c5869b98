#pragma once

#include <string_view>

namespace postrider::app {
inline constexpr std::string_view version = POSTRIDER_VERSION;
}
