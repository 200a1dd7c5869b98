#pragma once

#include "base/result.h"
#include "store/store.h"

namespace postrider::directory {

/// Keeps `master` from losing its last administrator: an enabled user with a role that has every
/// permission. One without a credential cannot log in, and so does not count beside one who can.
/// Made before a change, asked after it, in the change's transaction. Other realms have master's
/// administrators.
class AdministratorGuard {
 public:
    static Result<AdministratorGuard> watch(store::sql::Connection& sql, const RealmId& realm);
    /// Errors: conflict, when the last administrator (the last who can log in) is gone.
    Result<void> check(store::sql::Connection& sql) const;

 private:
    enum class Left { nobody, without_credential, can_log_in };
    static Result<Left> look(store::sql::Connection& sql, const RealmId& realm);

    RealmId realm_;
    Left before_ = Left::nobody;
};

}  // namespace postrider::directory
