#pragma once

#include "model/limits.h"

/// The bounds of what clients of the API share, by address, key and realm (base/shares.h,
/// http/server.h): the part of limits.h that only http/ and api/ know.
namespace postrider::limits {

inline constexpr std::size_t inbound_bytes_max =
    128 * 1024 * 1024;  ///< bodies that come or are worked on, answers not yet taken
inline constexpr std::size_t inbound_bytes_free =
    16 * 1024;  ///< of one request, not counted: its connection is. Above, it is also parsed apart
inline constexpr unsigned inbound_large_percent =
    75;  ///< of its share that a client may fill with large bodies: the rest is for small ones
inline constexpr std::size_t inbound_large_bytes = 64 * 1024;  ///< from here on a body is large
inline constexpr std::size_t chunked_step_bytes =
    256 * 1024;                                ///< of a body whose length is not known, at a time
inline constexpr Duration room_wait_max = 5s;  ///< for others to give room; then 429 or 503
inline constexpr std::size_t parsed_long_bytes =
    1024 * 1024;  ///< a longer body has a thread of its own: it takes up to 0.1 s
inline constexpr std::size_t answer_piece_bytes = 128 * 1024;  ///< of a list, read as it is sent
inline constexpr std::size_t requests_at_once_max =
    16;  ///< pipelined ones answered at once; then others have their turn
inline constexpr std::size_t request_headers_max = 100;   ///< lines of one head
inline constexpr std::size_t query_parameters_max = 100;  ///< also of a form

static_assert(4 * batch_body_bytes_max <= inbound_bytes_max, "one client's share has two batches");
static_assert(inbound_bytes_free <= inbound_large_bytes);

}  // namespace postrider::limits
