#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/permission.h"
#include "base/result.h"
#include "base/time.h"
#include "model/actor.h"
#include "store/rows.h"
#include "store/store.h"

/// Nobody grants what they do not have, and nobody weaker takes from somebody stronger.
namespace postrider::directory {

/// Who asks for a change, and what they may pass on.
struct Caller {
    Actor actor;
    access::PermissionSet held;
    std::string name = {};                  ///< of the user, key or client, as it is now
    std::optional<Timestamp> ends_at = {};  ///< of an API key or an access token that ends
};

/// Errors: permission_denied, naming the first permission that would be granted and is not held.
Result<void> check_grant(const Caller& caller, const access::PermissionSet& granted);
/// The union of what the roles of a list grant.
access::PermissionSet union_of(const std::vector<std::string>& permissions);

/// Proof that a caller may change a resource that somebody acts by: a user, role, client, API key
/// or session. Only the functions here make one, and Ledger::write() asks for it, so that no change
/// is written without the question. Errors of each clear_…: permission_denied, when the resource
/// allows something that the caller may not do.
class Clearance {
 public:
    /// The change makes the resource; what it grants is checked by check_grant().
    static Clearance of_new() { return {}; }
    /// Users who prove by a reset token that the account is theirs.
    static Clearance of_oneself() { return {}; }

 private:
    Clearance() = default;
    static Result<Clearance> decide(const Caller& caller, const access::PermissionSet& power,
                                    std::string_view what);
    friend Result<Clearance> clear_user(store::sql::Connection&, const Caller&, const RealmId&,
                                        const UserId&);
    friend Result<Clearance> clear_users(store::sql::Connection&, const Caller&, const RealmId&,
                                         const std::vector<UserId>&);
    friend Result<Clearance> clear_role(const Caller&, const store::RoleRow&);
    friend Result<Clearance> clear_client(store::sql::Connection&, const Caller&,
                                          const store::ClientRow&);
    friend Result<Clearance> clear_client_removal(store::sql::Connection&, const Caller&,
                                                  const store::ClientRow&);
    friend Result<Clearance> clear_api_key(const Caller&, const store::ApiKeyRow&);
    friend Result<Clearance> clear_realm(store::sql::Connection&, const Caller&, const RealmId&,
                                         Timestamp);
};

/// Any change of a user, their password, roles or sessions: whoever sets the password, or where its
/// reset is sent, can become that user.
Result<Clearance> clear_user(store::sql::Connection& sql, const Caller& caller,
                             const RealmId& realm, const UserId& user);
/// The same of each of them.
Result<Clearance> clear_users(store::sql::Connection& sql, const Caller& caller,
                              const RealmId& realm, const std::vector<UserId>& users);
/// Any change of a role, also one that takes permissions from it.
Result<Clearance> clear_role(const Caller& caller, const store::RoleRow& role);
/// Any change of a client or of its redirect URIs: its service account is what it may do.
Result<Clearance> clear_client(store::sql::Connection& sql, const Caller& caller,
                               const store::ClientRow& client);
/// The client's roles are removed with it, and taken from everybody who has them.
Result<Clearance> clear_client_removal(store::sql::Connection& sql, const Caller& caller,
                                       const store::ClientRow& client);
Result<Clearance> clear_api_key(const Caller& caller, const store::ApiKeyRow& key);
/// The end of a realm is the end of its roles, and of the API keys that have not ended by `now`.
Result<Clearance> clear_realm(store::sql::Connection& sql, const Caller& caller,
                              const RealmId& realm, Timestamp now);

}  // namespace postrider::directory
