#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// A W3C trace context: which trace of its publisher an event belongs to. It is kept as one text:
/// the value of `traceparent`, and behind a space that of `tracestate`, if there is one; "" is no
/// trace. What the functions here give is well formed, whatever they are given.
/// Source: W3C Trace Context (Recommendation of 23 November 2021); the flag "random" is of its
/// level 2.
namespace postrider::trace {

/// What a request's headers of these names say; each may be given in several lines. A malformed
/// `traceparent`, or more than one, is no trace; a malformed `tracestate` is left out. One of a
/// later version of the specification is read as far as this one knows it.
/// Limits: limits::tracestate_bytes_max, beyond which members are left out as section 3.3.1.5 says.
std::string read(std::span<const std::string_view> parents,
                 std::span<const std::string_view> states);

/// The text of a stored row: itself when it is what read() makes, else "".
std::string checked(std::string_view text);

/// The parts of a trace that is not "".
std::string_view parent(std::string_view trace);  ///< the value of traceparent
std::string_view state(std::string_view trace);   ///< the value of tracestate; "" for none
std::string_view id(std::string_view trace);      ///< 32 hexadecimal digits; "" of no trace

/// The traceparent of a request that belongs to the trace, as its span `span`.
/// Requires: a trace that is not "". A span of 0, which means none, is taken as 1.
std::string child(std::string_view trace, std::uint64_t span);

}  // namespace postrider::trace
