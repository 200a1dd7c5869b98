#pragma once

#include <cstddef>

#include "base/time.h"

/// The bounds of what webhooks authenticate themselves with (webhooks/authentication.h).
namespace postrider::limits {

/// A password, a token or a client's secret: a JWT of several kilobytes has room.
inline constexpr std::size_t credential_bytes_max = 4 * 1024;
/// A user's or client's name, a scope, an audience.
inline constexpr std::size_t credential_name_bytes_max = 1024;

/// An access token as a token endpoint gives it; with it, headers stay below what servers read.
inline constexpr std::size_t access_token_bytes_max = 8 * 1024;
inline constexpr std::size_t token_answer_depth_max = 8;
/// After a 401 with it, and for one that is said to live for less: at most one token in this time,
/// so that a receiver that refuses everything is not paid for by the token endpoint.
inline constexpr Duration token_interval = 60s;
inline constexpr Duration token_lifetime_default = 1h;  ///< without `expires_in`
inline constexpr Duration token_lifetime_max = 24h;
inline constexpr Duration token_margin = 10s;  ///< it is replaced so long before its end
/// After a failure of the token endpoint, doubling up to `token_interval`.
inline constexpr Duration token_retry_first = 5s;
/// What an attempt has left at least, after its access token was asked for: with less it ends, and
/// the next one has the token.
inline constexpr Duration after_token_min = 50ms;
inline constexpr Duration token_retry_after_max = 5min;  ///< as long as a breaker's probe waits

}  // namespace postrider::limits
