#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/server.h"

namespace postrider::http {

/// A member that one kind of problem has beside those of all: {"oldest_position", "AQAA…"}.
struct ProblemMember {
    std::string name;
    std::string value;
};

/// The one place that turns an error into an answer: RFC 9457 application/problem+json with `type`
/// (https://postrider.dev/problems/<slug>, the slugs of api/problems.json), `title`, `status`,
/// `detail`, `request_id` and, for bad fields, `errors: [{"pointer"|"parameter"|"header",
/// "detail"}]`. The message of `internal` and `corrupt` is replaced: it never leaves the process.
/// With `more` the document has that member too.
Response problem_response(const Error& error, std::string_view request_id,
                          const std::optional<ProblemMember>& more = {});

/// Every slug with its status and title, in api/problems.json's order (a test holds the two equal).
struct ProblemType {
    std::string_view slug;
    int status;
    std::string_view title;
};
std::span<const ProblemType> problem_types();

}  // namespace postrider::http
