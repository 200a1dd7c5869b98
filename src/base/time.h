#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

/// A moment in UTC, to the microsecond. Stored as microseconds since the Unix epoch.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
/// A span of time, to the microsecond.
using Duration = std::chrono::microseconds;
/// A moment of the monotonic clock: for deadlines inside one process, never stored.
using Monotonic = std::chrono::steady_clock::time_point;

using namespace std::chrono_literals;

inline std::int64_t to_micros(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp from_micros(std::int64_t micros) { return Timestamp{Duration{micros}}; }

/// "2026-11-23T18:12:03.123456Z", always six digits. Source: RFC 3339.
std::string format_rfc3339(Timestamp time);

/// RFC 3339 with any offset, 0 to 9 fraction digits (below a microsecond cut off), years 0000 to
/// 9999, in UTC too; a leap second reads as the second after. nullopt when it is not that.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// "500ms", "15s", "5m", "2h", "1d": a whole number and one unit; at most 10 digits. nullopt when
/// it is not that, or does not fit (292,000 years).
std::optional<Duration> parse_duration(std::string_view text);

/// The largest unit that divides it: 90s → "90s", 60s → "1m"; below a millisecond is cut off.
std::string format_duration(Duration duration);

}  // namespace postrider
