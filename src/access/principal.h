#pragma once

#include <memory>
#include <optional>
#include <string>

#include "access/permission.h"
#include "base/result.h"
#include "base/time.h"
#include "model/actor.h"
#include "model/ids.h"

namespace postrider::access {

/// Who is asking: an API key. Immutable.
struct Principal {
    ApiKeyId key;
    std::string name;
    RealmId realm;
    bool of_master = false;  ///< keys of `master` act in every realm
    PermissionSet permissions;
    std::optional<Timestamp> expires_at;

    bool has(Permission permission) const { return permissions.has(permission); }
    /// Errors: permission_denied, naming the permission that is missing.
    Result<void> require(Permission permission) const;
    /// Whether it may know that this realm exists; else the realm is not_found.
    bool acts_in(const RealmId& other) const { return of_master || other == realm; }
    Actor actor() const { return {"api_key", key.to_string(), realm}; }
};
using SharedPrincipal = std::shared_ptr<const Principal>;

}  // namespace postrider::access
