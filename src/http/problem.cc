#include "http/problem.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/json.h"
#include "model/limits.h"

namespace postrider::http {
namespace {

struct Row {
    ProblemType type;
    int retry_after_seconds;  ///< 0: none. What waits is mostly gone after a second; a disk is not.
};

constexpr auto rows = std::to_array<Row>({
    {{"malformed-request", 400, "The request cannot be read"}, 0},
    {{"malformed-json", 400, "The body is not JSON"}, 0},
    {{"bad-cursor", 400, "The cursor does not belong to this list"}, 0},
    {{"unauthenticated", 401, "A valid bearer token is needed"}, 0},
    {{"login-failed", 401, "The username or the password is wrong"}, 0},
    {{"permission-denied", 403, "Permission denied"}, 0},
    {{"cross-site", 403, "Refused: the request came from another site"}, 0},
    {{"not-found", 404, "Not found"}, 0},
    {{"method-not-allowed", 405, "Method not allowed"}, 0},
    {{"request-timeout", 408, "The request did not arrive in time"}, 0},
    {{"username-taken", 409, "Username taken"}, 0},
    {{"email-taken", 409, "E-mail address taken"}, 0},
    {{"name-taken", 409, "Name taken"}, 0},
    {{"client-id-taken", 409, "Client id taken"}, 0},
    {{"redirect-uri-taken", 409, "Redirect URI taken"}, 0},
    {{"conflict", 409, "Not possible in its present state"}, 0},
    {{"tls-required", 409, "Logging in needs https here"}, 0},
    {{"position-behind", 409, "The position is behind the one that is kept"}, 0},
    {{"position-gone", 410, "The position is not in the log any more"}, 0},
    {{"precondition-failed", 412, "Changed by somebody else in the meantime"}, 0},
    {{"payload-too-large", 413, "The body is too large"}, 0},
    {{"unsupported-media-type", 415, "The body must be JSON"}, 0},
    {{"expectation-failed", 417, "The expectation cannot be met"}, 0},
    {{"invalid-request", 422, "Some fields are wrong"}, 0},
    {{"unknown-event-type", 422, "There is no such event type"}, 0},
    {{"fan-out-too-large", 422, "Too many deliveries for one call"}, 0},
    {{"filters-too-costly", 422, "The webhooks' filters take too long"}, 0},
    {{"filter-too-wide", 422, "The filters match too much"}, 0},
    {{"idempotency-key-reused", 422, "The Idempotency-Key was used with another body"}, 0},
    {{"too-many-requests", 429, "Too many requests"}, 1},
    {{"too-many-tests", 429, "Too many tests of one webhook"}, 60},
    {{"too-many-resets", 429, "Too many password resets of one user"}, 60},
    {{"headers-too-large", 431, "The request's head is too large"}, 0},
    {{"internal", 500, "Internal error"}, 0},
    {{"unavailable", 503, "Temporarily unavailable"}, 1},
    {{"deadline-exceeded", 504, "The deadline has passed"}, 0},
    {{"disk-full", 507, "The disk is full"}, 60},
});

constexpr auto types = [] {
    std::array<ProblemType, rows.size()> result;
    std::transform(rows.begin(), rows.end(), result.begin(),
                   [](const Row& row) { return row.type; });
    return result;
}();

const Row* find_row(std::string_view slug) {
    auto row = std::find_if(rows.begin(), rows.end(),
                            [&](const Row& candidate) { return candidate.type.slug == slug; });
    return row == rows.end() ? nullptr : &*row;
}

std::string_view slug_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "invalid-request";
        case ErrorCode::unauthenticated:
            return "unauthenticated";
        case ErrorCode::permission_denied:
            return "permission-denied";
        case ErrorCode::not_found:
            return "not-found";
        case ErrorCode::conflict:
            return "conflict";
        case ErrorCode::failed_precondition:
            return "precondition-failed";
        case ErrorCode::resource_exhausted:
            return "too-many-requests";
        case ErrorCode::deadline_exceeded:
            return "deadline-exceeded";
        case ErrorCode::unavailable:
            return "unavailable";
        case ErrorCode::corrupt:
            return "internal";
        case ErrorCode::internal:
            return "internal";
    }
    CHECK(false);
}

const Row& row_of(const Error& error) {
    // A slug that nobody declared says too little, but what the code says is still true.
    const Row* row = error.problem != nullptr ? find_row(error.problem) : nullptr;
    if (row == nullptr) row = find_row(slug_of(error.code));
    CHECK(row != nullptr);
    return *row;
}

void write_field(json::Writer& writer, const FieldError& field) {
    writer.begin_object();
    if (!field.parameter.empty()) {
        writer.member("parameter", field.parameter);
    } else if (!field.header.empty()) {
        writer.member("header", field.header);
    } else {
        writer.member("pointer", field.pointer);
    }
    writer.member("detail", field.detail);
    writer.end_object();
}

/// "#/url must be …": where it is, and what is wrong there.
std::string sentence_of(const FieldError& field) {
    if (!field.parameter.empty()) {
        return "the query parameter " + field.parameter + " " + field.detail;
    }
    if (!field.header.empty()) return "the header " + field.header + " " + field.detail;
    return (field.pointer == "#" ? std::string("the body") : field.pointer) + " " + field.detail;
}

/// What is wrong, in one style for every body, parameter and header.
std::string detail_of(const Error& error) {
    const bool is_about_fields = error.code == ErrorCode::invalid_argument &&
                                 error.problem == nullptr && !error.fields.empty();
    // Who found more than an answer holds has counted them.
    if (!is_about_fields || error.fields.size() >= limits::field_errors_max) return error.message;
    const std::string first = sentence_of(error.fields.front());
    if (error.fields.size() == 1) return first;
    return std::to_string(error.fields.size()) + " fields are wrong; the first: " + first;
}

}  // namespace

std::span<const ProblemType> problem_types() { return types; }

Response problem_response(const Error& error, std::string_view request_id,
                          const std::optional<ProblemMember>& more) {
    const Row& row = row_of(error);
    const bool ours = error.code == ErrorCode::internal || error.code == ErrorCode::corrupt;
    Response response;
    response.status = row.type.status;
    response.content_type = "application/problem+json";
    json::Writer writer(response.body);
    writer.begin_object();
    writer.key("type");
    writer.string("https://postrider.dev/problems/" + std::string(row.type.slug));
    writer.member("title", row.type.title);
    writer.member("status", row.type.status);
    writer.member("detail", ours ? "The server failed; its log has the cause under request_id."
                                 : detail_of(error));
    writer.member("request_id", request_id);
    if (!error.fields.empty() && !ours) {
        writer.key("errors");
        writer.begin_array();
        const std::size_t count = std::min(error.fields.size(), limits::field_errors_max);
        for (std::size_t i = 0; i < count; ++i) write_field(writer, error.fields[i]);
        writer.end_array();
    }
    if (more) writer.member(more->name, more->value);
    writer.end_object();
    response.body += '\n';
    if (row.retry_after_seconds > 0) {
        response.headers.emplace_back("Retry-After", std::to_string(row.retry_after_seconds));
    }
    return response;
}

}  // namespace postrider::http
