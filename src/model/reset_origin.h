#pragma once

#include <string_view>

namespace postrider {

/// Who asked for a password reset. Persistent; never rename.
enum class ResetOrigin {
    stranger,   ///< anybody, without a login
    authority,  ///< somebody with the right to, or the server itself
};
constexpr std::string_view to_string(ResetOrigin origin) {
    return origin == ResetOrigin::stranger ? "stranger" : "authority";
}

}  // namespace postrider
