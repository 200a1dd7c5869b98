#pragma once

#include <string>
#include <vector>

#include "access/permission.h"
#include "base/result.h"
#include "directory/ledger.h"
#include "store/store.h"

namespace postrider::directory {

/// Errors: permission_denied, naming the first permission that would be granted and is not held.
Result<void> check_grant(const Caller& caller, const access::PermissionSet& granted);
/// The union of what the roles of a list grant.
access::PermissionSet union_of(const std::vector<std::string>& permissions);
/// Whoever sets the password of a user, or where its reset goes to, can become that user.
/// Errors: permission_denied, when the user may do what the caller may not.
Result<void> check_takeover(store::sql::Connection& sql, const Caller& caller, const RealmId& realm,
                            const UserId& user);

/// Keeps `master` from losing its last administrator: an enabled user with a role that has every
/// permission. Made before a change, asked after it, in the change's transaction. Other realms have
/// master's administrators.
class AdministratorGuard {
 public:
    static Result<AdministratorGuard> watch(store::sql::Connection& sql, const RealmId& realm);
    /// Errors: conflict, when there was an administrator before and none is left.
    Result<void> check(store::sql::Connection& sql) const;

 private:
    RealmId realm_;
    bool was_there_ = false;
};

}  // namespace postrider::directory
