#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postrider::events {

/// The event type that an event names, and the place of the event in its body.
struct TypeAt {
    std::string place;  ///< "#" or "#/events/3"
    std::string type;
};

/// The types that a publish names, single or batch, whatever else is wrong with it; none of what is
/// no JSON, or has too many events.
std::vector<TypeAt> types_in(std::string_view body);

/// One field error for each type that is neither built in nor one of `own_types`, at most
/// limits::field_errors_max; the first few with the nearest name. Pure.
std::vector<FieldError> unknown_types(std::span<const TypeAt> types,
                                      std::span<const std::string> own_types);

}  // namespace postrider::events
