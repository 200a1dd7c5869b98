#include "access/principal.h"

namespace postrider::access {

std::string_view to_string(Principal::Kind kind) {
    switch (kind) {
        case Principal::Kind::api_key:
            return "api_key";
        case Principal::Kind::session:
            return "session";
        case Principal::Kind::client:
            return "client";
        case Principal::Kind::anybody:
            return "anybody";
    }
    return {};
}

Principal anybody() {
    return {.kind = Principal::Kind::anybody,
            .id = {},
            .name = {},
            .realm = {},
            .permissions = {},
            .expires_at = {}};
}

Result<void> Principal::require(Permission permission) const {
    if (has(permission)) return {};
    const std::string_view who = kind == Kind::api_key   ? "API key"
                                 : kind == Kind::session ? "user"
                                                         : "client";
    return fail(ErrorCode::permission_denied, "the " + std::string(who) + " \"" + name +
                                                  "\" lacks the permission " +
                                                  std::string(access::to_string(permission)));
}

Actor Principal::actor() const {
    if (kind == Kind::session) return {"user", user->to_string(), realm, id.to_string()};
    return {std::string(to_string(kind)), id.to_string(), realm};
}

}  // namespace postrider::access
