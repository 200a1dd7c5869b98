#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::net {

/// The length of the head at the front of `bytes` with the empty line that ends it; npos when
/// `bytes` does not hold all of it. LF alone ends a line too (RFC 9112 section 2.2). The first
/// `searched` bytes are known not to hold all of it.
std::string_view::size_type find_head_end(std::string_view bytes, std::size_t searched = 0);

/// Returns the head as the parser takes it: every line ends with CRLF, and a status line that ends
/// behind its code has the space that belongs there (RFC 9112 section 4; old servers leave it out).
/// A head that is in this form is returned as it is; else `storage` holds what is returned.
/// Requires: `head` is what find_head_end() found.
std::string_view normalize_head(std::string_view head, std::string& storage);

}  // namespace postrider::net
