#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postrider::events {

/// A built-in event type. Persistent; never rename.
struct EventType {
    std::string_view name;
    std::string_view description;
    std::string_view schema;   ///< JSON Schema (2020-12) of `data`, compact
    std::string_view example;  ///< an example of `data`, compact, valid under the schema
};

/// The 27, in API.md's order.
std::span<const EventType> built_in_types();
const EventType* find_built_in(std::string_view name);

/// What the server itself tells of webhooks and their deliveries, beside the 27. Nobody else
/// publishes them, and "*" does not take them.
std::span<const EventType> operational_types();
/// A name that begins as theirs do.
bool is_operational(std::string_view name);
/// One of either. nullptr: none.
const EventType* find_type(std::string_view name);

/// The name among `known` and the built-in ones that is nearest to `name` (edit distance, and
/// shared words), for "did you mean"; "" when none is near.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

/// Checks the name of a realm's own type (API.md section 2). Errors: invalid_argument, one
/// sentence.
Result<void> check_own_name(std::string_view name);

/// Whether a subscription pattern (exact name, "prefix.*", "*") takes an event type. "*" takes all
/// but the operational ones.
bool matches(std::string_view pattern, std::string_view type);
/// Whether one of several does.
bool matches_any(std::span<const std::string> patterns, std::string_view type);

}  // namespace postrider::events
