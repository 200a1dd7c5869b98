#pragma once

#include <string_view>

#include "base/result.h"
#include "model/attempt.h"

namespace postrider::net {

/// Whether a webhook may send this header of its own: the name is an RFC 9110 token and not one of
/// those that the server, the connection, or a cloud's metadata service own; the value is visible
/// ASCII with single inner spaces or tabs, nothing white at its ends, and not empty.
/// Errors: invalid_argument, one sentence with the way out; it never holds the value.
/// Source: RFC 9110 sections 5.1, 5.5, 5.6.2.
Result<void> check_header(std::string_view name, std::string_view value);

/// All of a webhook's headers: each as check_header does, no name twice in any case, at most
/// limits::webhook_headers_count_max and limits::webhook_headers_bytes_max.
/// Errors: invalid_argument; `fields` has every bad header, its pointer being "#/headers/<name>"
/// ("#/headers" for what is wrong with them together).
Result<void> check_headers(const Headers& headers);

/// check_header without the words: asserted when a request is built.
bool is_header_safe(std::string_view name, std::string_view value);

/// "#/headers/<name>", escaped for a JSON pointer (RFC 6901) in a URI fragment.
std::string header_pointer(std::string_view name);

}  // namespace postrider::net
