#include <algorithm>

#include "api/call.h"
#include "base/json_pointer.h"
#include "base/nearest.h"

namespace postrider::api {

const json::Value* Body::value(std::string_view name) {
    if (std::ranges::find(known_, name) == known_.end()) known_.emplace_back(name);
    return value_.find(name);
}

bool Body::has(std::string_view name) { return value(name) != nullptr; }

std::optional<std::string> Body::string(std::string_view name) {
    const json::Value* member = value(name);
    if (member == nullptr) return std::nullopt;
    if (member->as_string() == nullptr) {
        refuse(name, "must be a string, not " + std::string(member->type_name()));
        return std::nullopt;
    }
    return *member->as_string();
}

std::optional<Timestamp> Body::time(std::string_view name) {
    const auto text = string(name);
    if (!text) return std::nullopt;
    const auto parsed = parse_rfc3339(*text);
    if (!parsed) refuse(name, "must be a time such as 2026-11-23T18:12:03Z");
    return parsed;
}

void Body::require(std::string_view name) {
    if (!has(name)) refuse(name, "is required");
}

void Body::refuse(std::string_view name, std::string detail) {
    errors_.push_back({json::pointer_to("#", name), {}, {}, std::move(detail)});
}

Result<void> Body::finish() {
    const std::vector<std::string_view> known(known_.begin(), known_.end());
    for (const auto& [name, member] : *value_.as_object()) {
        if (std::ranges::find(known_, name) != known_.end()) continue;
        // An answer names no more of them, and what is like each takes its time to find.
        refuse(name, errors_.size() < limits::field_errors_max
                         ? unknown_member(name, {known.begin(), known.end()})
                         : "is unknown");
    }
    if (errors_.empty()) return {};
    std::string message = errors_.front().pointer + " " + errors_.front().detail;
    return std::unexpected(
        Error{ErrorCode::invalid_argument, std::move(message), std::move(errors_), nullptr});
}

}  // namespace postrider::api
