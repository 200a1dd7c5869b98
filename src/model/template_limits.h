#pragma once

#include <cstddef>

/// The bounds of a webhook's template (webhooks/template.h).
namespace postrider::limits {

inline constexpr std::size_t template_bytes_max = 16 * 1024;
/// As much as a payload may have at most: what is attempted is bounded by it.
inline constexpr std::size_t rendered_bytes_max = 1024 * 1024;

}  // namespace postrider::limits
