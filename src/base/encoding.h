#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

/// Source: RFC 4648. base64 is padded; decoding is strict (padding, no white space, no stray bits).
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
/// base64url without padding.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);
/// Lower case.
std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view text);

/// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong).
bool is_utf8(std::string_view text);
/// How many bytes the well-formed UTF-8 sequence at the front of [begin, end) has: 1 to 4; 0 when
/// there is none.
std::size_t utf8_sequence(const char* begin, const char* end);
/// Appends the code point's UTF-8. A surrogate becomes its three bytes, which are no valid UTF-8.
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace postrider
