#pragma once

#include <string>
#include <string_view>

namespace postrider::json {

/// The JSON pointer, as a URI fragment, to the member `name` of what `parent` points to ("#" or
/// "#/events/3"). A name that is too long to be one of ours comes back cut.
/// Source: RFC 6901, sections 3 and 6.
std::string pointer_to(std::string_view parent, std::string_view name);

}  // namespace postrider::json
