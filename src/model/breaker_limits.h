#pragma once

#include <cstddef>

#include "base/time.h"

/// When a webhook's breaker opens, and how it is tried then (delivery/admission/breaker.h).
namespace postrider::limits {

inline constexpr std::size_t breaker_failures_in_row = 10;  ///< then it opens
inline constexpr Duration breaker_window = 1min;            ///< or by the share of failures in it:
inline constexpr std::size_t breaker_window_attempts_min = 50;  ///< of at least so many attempts
inline constexpr std::size_t breaker_window_failed_percent = 90;
inline constexpr Duration breaker_probe_first = 5s;  ///< after it opened; doubling
inline constexpr Duration breaker_probe_max =
    5min;  ///< so 17 attempts in the first hour; a `Retry-After` may ask for more

}  // namespace postrider::limits
