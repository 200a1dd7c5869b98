#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.h"

/// The bounds of deliveries that keep the order of their resource (store/order_table.h).
namespace postrider::limits {

/// Resources that a webhook may hold at a time: what waits behind them is kept for as long as they
/// are held, so a receiver that refuses everything must not hold all there is.
inline constexpr std::size_t held_resources_max = 10'000;

/// How often those that a webhook holds are counted, 10 to 40 ms of the writer: once a second one
/// of all webhooks, and one that holds as many as may be again after ten.
inline constexpr Duration held_count_interval = 1s;
inline constexpr Duration held_counted_again = 10s;

/// Those that a refill finds waiting for another and parks, beside those that may start: some 5 ms.
inline constexpr std::size_t parked_at_once = 512;

/// When what waits for its turn is due: the first moment of the year 9999, far above every other
/// time, so that whoever looks for what is due sees none of them.
inline constexpr Timestamp parked_due{std::chrono::sys_days{std::chrono::year{9999} / 1 / 1}};

}  // namespace postrider::limits
