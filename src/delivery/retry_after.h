#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace postrider::delivery {

/// The wait that a Retry-After header asks for: delta-seconds or an HTTP-date (IMF-fixdate, and the
/// two obsolete forms that receivers must still be read in). A date in the past is no wait. nullopt
/// when it is neither. At most ten years, so that sums cannot overflow.
/// Source: RFC 9110, sections 10.2.3 and 5.6.7.
std::optional<Duration> parse_retry_after(std::string_view value, Timestamp now);

}  // namespace postrider::delivery
