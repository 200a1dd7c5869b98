#pragma once

#include <cstddef>

#include "model/limits.h"

/// The bounds of what one connection of the API may ask of the thread that serves all, beside those
/// of limits.h.
namespace postrider::limits {

/// Of an answer in the kernel, not yet sent: it would take up to 4 MiB (tcp_wmem) of a client that
/// does not read, and copying that for 500 of them holds up everybody for a second.
inline constexpr std::size_t unsent_bytes_max = 64 * 1024;
inline constexpr std::size_t answers_at_once_max =
    16;  ///< of those that are ready; then others have their turn, as with requests_at_once_max

static_assert(api_connections_max * unsent_bytes_max <= 256 * 1024 * 1024, "the kernel's share");

}  // namespace postrider::limits
