#pragma once

#include <cstddef>

/// Bounds of a trace context (model/trace.h). Source: W3C Trace Context, section 3.3.
namespace postrider::limits {

/// Members of a tracestate; one with more is malformed.
inline constexpr std::size_t tracestate_members_max = 32;
/// Bytes of a tracestate that are kept and sent on: as many as the specification asks for at least,
/// because each event with one has them in the store.
inline constexpr std::size_t tracestate_bytes_max = 512;
/// Larger members are the first to be left out beyond that.
inline constexpr std::size_t tracestate_member_bytes = 128;

}  // namespace postrider::limits
