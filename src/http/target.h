#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/server.h"

namespace postrider::http {

/// Decodes %XX. nullopt: a stray '%', a NUL, or bytes that are not UTF-8.
std::optional<std::string> percent_decode(std::string_view text);

/// Decodes "a=b&c=d" (application/x-www-form-urlencoded: '+' is a space) in order. nullopt: as
/// above. Source: WHATWG URL, section 5.1.
std::optional<std::vector<std::pair<std::string, std::string>>> decode_form(std::string_view text);

/// Takes a request's target apart into `request.path` (still encoded) and `request.query` (decoded;
/// '+' is a space). Of an absolute target the host is ignored, as RFC 9112 lets an origin server
/// do. Errors: "malformed-request".
Result<void> read_target(std::string_view target, Request& request);

}  // namespace postrider::http
