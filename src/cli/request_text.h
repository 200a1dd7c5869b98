#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace postrider::cli {

/// An HTTP request as somebody saved it.
struct RequestText {
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;

    /// The first of that (lower-case) name; "" when there is none.
    std::string_view header(std::string_view name) const;
};

/// Reads "POST /x HTTP/1.1", header lines, an empty line and the body; the request line may be
/// missing, lines may end in LF alone. A Content-Length ends the body. Errors: invalid_argument,
/// one sentence.
Result<RequestText> parse_request_text(std::string_view text);

/// "Name: value" to a pair, the name in lower case. Errors: invalid_argument, one sentence.
Result<std::pair<std::string, std::string>> parse_header_line(std::string_view line);

}  // namespace postrider::cli
