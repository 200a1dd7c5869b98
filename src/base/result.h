#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace postrider {

/// Why something failed for a reason outside the program. Persistent in problem documents and logs;
/// never rename. The one place that turns a code into an HTTP status is api/problem mapping.
enum class ErrorCode {
    invalid_argument,     ///< the input is wrong; `Error::fields` names each bad field
    unauthenticated,      ///< no credentials, or wrong ones
    permission_denied,    ///< known, but not allowed
    not_found,            ///< also: another realm's object
    conflict,             ///< exists already, or is in a state that forbids it
    failed_precondition,  ///< If-Match did not match
    resource_exhausted,   ///< a limit was reached, try later (429), or the disk is full (507)
    deadline_exceeded,    ///< it took too long
    unavailable,          ///< not now: starting, stopping, database gone (503)
    corrupt,              ///< stored data cannot be read
    internal,             ///< our fault; the message never leaves the process
};

/// One bad field. `pointer` is a JSON pointer as a URI fragment ("#/url"); `parameter` a query
/// parameter; `header` a header name. Exactly one of the three is set.
struct FieldError {
    std::string pointer;
    std::string parameter;
    std::string header;
    std::string detail;  ///< what is wrong and the way out, one sentence
    bool operator==(const FieldError&) const = default;
};

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
    std::vector<FieldError> fields;
    /// A slug of api/problems.json when the code alone says too little ("fan-out-too-large");
    /// a string literal, or nullptr for the code's own problem.
    const char* problem = nullptr;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                   const char* problem = nullptr) {
    return std::unexpected(Error{code, std::move(message), {}, problem});
}

/// An invalid_argument about one member of a JSON body; `pointer` like "#/url".
inline std::unexpected<Error> fail_field(std::string pointer, std::string detail,
                                         const char* problem = nullptr) {
    Error error{ErrorCode::invalid_argument, detail, {}, problem};
    error.fields.push_back({std::move(pointer), {}, {}, std::move(detail)});
    return std::unexpected(std::move(error));
}

}  // namespace postrider

/// Returns the error of `expression` from the enclosing function, or goes on.
#define POSTRIDER_TRY(expression)                                   \
    do {                                                            \
        if (auto try_result_ = (expression); !try_result_) {        \
            return std::unexpected(std::move(try_result_).error()); \
        }                                                           \
    } while (false)

#define POSTRIDER_CONCAT_INNER(a, b) a##b
#define POSTRIDER_CONCAT(a, b) POSTRIDER_CONCAT_INNER(a, b)

/// `POSTRIDER_ASSIGN(auto x, expression);` binds the value of a Result or returns its error.
#define POSTRIDER_ASSIGN(declaration, expression)                                       \
    auto POSTRIDER_CONCAT(assign_, __LINE__) = (expression);                            \
    if (!POSTRIDER_CONCAT(assign_, __LINE__)) {                                         \
        return std::unexpected(std::move(POSTRIDER_CONCAT(assign_, __LINE__)).error()); \
    }                                                                                   \
    declaration = std::move(*POSTRIDER_CONCAT(assign_, __LINE__))
