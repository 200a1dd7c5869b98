#pragma once

#include <cstddef>

#include "base/time.h"

namespace postrider::limits {

/// Between two postrider.delivery.failed of one webhook: a receiver that refuses everything makes
/// one event a minute, and not one a delivery.
inline constexpr Duration failure_notice_interval = std::chrono::minutes(1);
/// Of one step of housekeeping: each is an event with its deliveries.
inline constexpr std::size_t failure_notices_at_once = 50;

/// Webhooks of `master` that take the events of all realms: each may be one more delivery of every
/// event of a built-in type.
inline constexpr std::size_t all_realms_webhooks_max = 16;

}  // namespace postrider::limits
