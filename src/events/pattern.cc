#include "events/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "events/catalogue.h"
#include "model/limits.h"
#include "store/tables.h"

namespace postrider::events {

std::string pattern_form_problem(std::string_view pattern) {
    if (pattern.empty())
        return "is empty: name an event type, a prefix such as \"user.*\", or \"*\"";
    if (pattern == "*") return {};
    if (pattern.size() > limits::event_type_name_bytes_max) {
        return fmt::format("is longer than {} characters, which no event type is",
                           limits::event_type_name_bytes_max);
    }
    const auto name = pattern.ends_with(".*") ? pattern.substr(0, pattern.size() - 2) : pattern;
    if (name.find('*') != std::string_view::npos) {
        return "a wildcard stands alone or at the end after a dot: \"*\", \"user.*\"";
    }
    return {};
}

std::string pattern_problem(std::string_view pattern, std::span<const std::string> own_types) {
    if (pattern == "*") return {};
    if (!pattern.empty()) {
        if (auto problem = pattern_form_problem(pattern); !problem.empty()) return problem;
    }
    if (pattern.ends_with(".*")) {
        const auto taken = [&](std::string_view type) { return matches(pattern, type); };
        if (std::ranges::any_of(built_in_types(), taken, &EventType::name) ||
            std::ranges::any_of(operational_types(), taken, &EventType::name) ||
            std::ranges::any_of(own_types, taken)) {
            return {};
        }
        return fmt::format("no event type of this realm begins with \"{}\"",
                           pattern.substr(0, pattern.size() - 1));
    }
    if (find_type(pattern) != nullptr || std::ranges::find(own_types, pattern) != own_types.end()) {
        return {};
    }
    const auto nearest = nearest_name(pattern, own_types);
    if (nearest.empty()) {
        return fmt::format("there is no event type \"{}\" in this realm", pattern);
    }
    return fmt::format("there is no event type \"{}\" in this realm; do you mean \"{}\"?", pattern,
                       nearest);
}

Result<void> check_patterns(store::sql::Connection& sql, const RealmId& realm,
                            std::span<const std::string> patterns) {
    POSTRIDER_ASSIGN(const auto own_types, store::event_types_table::names(sql, realm));
    std::vector<FieldError> errors;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        auto problem = pattern_problem(patterns[i], own_types);
        if (problem.empty()) continue;
        errors.push_back({"#/events/" + std::to_string(i), {}, {}, std::move(problem)});
    }
    if (errors.empty()) return {};
    std::string message = errors.front().pointer + " " + errors.front().detail;
    return std::unexpected(
        Error{ErrorCode::invalid_argument, std::move(message), std::move(errors), nullptr});
}

}  // namespace postrider::events
