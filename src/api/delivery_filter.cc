#include "api/delivery_filter.h"

#include <algorithm>

#include "base/time.h"

namespace postrider::api {

using store::deliveries_table::AttemptFilter;

std::string read_status(std::string_view text, AttemptFilter& filter) {
    const bool is_long = text.size() == 3 && text[0] >= '1' && text[0] <= '9';
    const bool is_class = is_long && text.ends_with("xx");
    const bool is_number =
        is_long && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_class && !is_number) return "must be a status such as 503, or a class such as 5xx";
    filter.status_min = is_class ? (text[0] - '0') * 100 : std::stoi(std::string(text));
    filter.status_max = is_class ? filter.status_min + 99 : filter.status_min;
    return {};
}

std::string read_outcome(std::string_view text, AttemptFilter& filter) {
    if (const auto reason = parse_outcome_reason(text)) {
        filter.outcomes = {*reason};
        return {};
    }
    const auto kind = parse_outcome_kind(text);
    if (!kind) {
        return "must be internal, transport or response, or a reason such as connect_failed";
    }
    // They follow each other from 0 on.
    for (int i = 0; i <= static_cast<int>(OutcomeReason::shutting_down); ++i) {
        const auto reason = static_cast<OutcomeReason>(i);
        if (kind_of(reason) == *kind) filter.outcomes.push_back(reason);
    }
    return {};
}

std::string read_min_duration(std::string_view text, AttemptFilter& filter) {
    const auto duration = parse_duration(text);
    if (!duration) return "must be a duration such as 500ms or 2s";
    filter.took_min = *duration;
    return {};
}

}  // namespace postrider::api
