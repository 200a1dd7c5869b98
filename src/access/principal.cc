#include "access/principal.h"

namespace postrider::access {

Result<void> Principal::require(Permission permission) const {
    if (has(permission)) return {};
    return fail(ErrorCode::permission_denied, "the API key \"" + name + "\" lacks the permission " +
                                                  std::string(to_string(permission)));
}

}  // namespace postrider::access
