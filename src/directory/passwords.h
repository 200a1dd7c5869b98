#pragma once

#include <functional>
#include <string>

#include "access/password_hasher.h"
#include "base/random.h"
#include "base/result.h"
#include "directory/ledger.h"
#include "directory/settings.h"
#include "store/store.h"

namespace postrider::directory {

class ResetMail;

/// A token that lets its holder set the password once, and what is kept of it.
struct ResetToken {
    std::string text;  ///< "prt_…"
    std::string hash;  ///< SHA-256, 32 raw bytes
};
ResetToken make_reset_token(Random& random);

/// Passwords: set by an administrator, or by whoever has a reset token. Hashing happens before the
/// transaction, on the hasher's threads. A new password ends the user's sessions and voids every
/// reset token. Thread-safety: any thread; callbacks come on the store's or the hasher's.
class Passwords {
 public:
    Passwords(store::Store& store, access::PasswordHasher& hasher, Ledger& ledger, ResetMail& mail,
              SettingsDefaults defaults)
        : store_(store),
          hasher_(hasher),
          ledger_(ledger),
          mail_(mail),
          defaults_(std::move(defaults)) {}

    using Done = std::function<void(Result<void>)>;
    /// Errors: invalid_argument (the realm's policy), not_found, failed_precondition,
    /// permission_denied (the user may do more than the caller), resource_exhausted.
    void set(Caller caller, Address<UserId> address, std::string password, Done done);

    /// Makes a reset token in force, which voids every one before it. Writer's thread.
    /// Errors: not_found; permission_denied; resource_exhausted "too-many-resets"
    /// (limits::reset_tokens_by_authority_max of an account an hour).
    Result<Timestamp> begin_reset(store::Transaction& tx, const Caller& caller,
                                  const Address<UserId>& address, const ResetToken& token);
    /// The same for somebody who only says whose account it is: it voids none but those that
    /// strangers asked for, and has a budget of its own. Errors: resource_exhausted (one a minute
    /// and five an hour of an account).
    Result<void> begin_reset_for_stranger(store::Transaction& tx, const store::UserRow& user,
                                          const ResetToken& token);
    /// Errors: invalid_argument (the token is unknown, used, void or too old; the policy),
    /// resource_exhausted.
    void complete_reset(RealmId realm, std::string token, std::string password, Done done);

 private:
    /// The policy, asked before the work of hashing.
    Result<void> check_policy(store::sql::Connection& sql, const RealmId& realm,
                              const std::string& password) const;
    Result<void> store_hash(store::Transaction& tx, const Actor& actor, const Clearance& clearance,
                            store::UserRow user, const std::string& hash);
    Result<Timestamp> issue(store::Transaction& tx, const Actor& actor, const Clearance& clearance,
                            const store::UserRow& user, const ResetToken& token,
                            ResetOrigin origin);
    /// Hashes after `check`, then writes. `who`: has shown that they may, so they do not wait
    /// behind strangers' logins.
    void change(const RealmId& realm, std::string who, std::string password,
                std::function<Result<void>(store::sql::Connection&)> check,
                std::function<Result<void>(store::Transaction&, const std::string&)> write,
                Done done);

    store::Store& store_;
    access::PasswordHasher& hasher_;
    Ledger& ledger_;
    ResetMail& mail_;
    const SettingsDefaults defaults_;
};

}  // namespace postrider::directory
