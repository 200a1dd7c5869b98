#pragma once

#include <optional>
#include <string>

#include "access/permission.h"
#include "base/result.h"
#include "base/shared_value.h"
#include "base/time.h"
#include "model/actor.h"
#include "model/ids.h"

namespace postrider::access {

/// Who is asking: an API key, a user with a session, a client with an access token, or anybody.
/// Immutable.
struct Principal {
    enum class Kind {
        api_key,
        session,
        client,
        anybody,  ///< of an open operation: has no realm and may do nothing
    };
    Kind kind = Kind::api_key;
    Uuid id;           ///< of the key, the session or the client
    std::string name;  ///< of the key, the user or the client
    RealmId realm;
    bool of_master = false;  ///< those of `master` act in every realm
    PermissionSet permissions;
    std::optional<Timestamp> expires_at;
    std::optional<UserId> user = {};  ///< whose session it is

    bool has(Permission permission) const { return permissions.has(permission); }
    /// Errors: permission_denied, naming the permission that is missing.
    Result<void> require(Permission permission) const;
    /// Whether it may know that this realm exists; else the realm is not_found.
    bool acts_in(const RealmId& other) const { return of_master || other == realm; }
    Actor actor() const;
};
using SharedPrincipal = SharedValue<Principal>;

Principal anybody();

/// "api_key", "session", "client", "anybody".
std::string_view to_string(Principal::Kind kind);

}  // namespace postrider::access
