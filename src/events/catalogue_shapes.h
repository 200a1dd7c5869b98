#pragma once

#include <string_view>

namespace postrider::events {

/// The JSON of one kind of resource, as members without the braces around them, so that event types
/// can add their own.
struct Shape {
    std::string_view required;    ///< names, as JSON strings
    std::string_view properties;  ///< members of a JSON Schema's "properties"
    std::string_view example;     ///< members of an example
};

extern const Shape user_shape;
extern const Shape client_shape;
extern const Shape redirect_uri_shape;
extern const Shape role_shape;
extern const Shape realm_shape;
extern const Shape settings_shape;
extern const Shape webhook_shape;

}  // namespace postrider::events
