#pragma once

#include <string>
#include <string_view>

namespace postrider::cli {

/// Whether a realm here can have this name: [a-z0-9-]{1,63}, as the server wants it.
bool can_be_realm_name(std::string_view name);

/// "my-realm" of "My Realm": what --realm could be given.
std::string suggested_realm_name(std::string_view name);

}  // namespace postrider::cli
