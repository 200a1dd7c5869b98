#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "directory/ledger.h"
#include "directory/user.h"
#include "store/store.h"

namespace postrider::directory {

/// The users of a realm: each mutation is one closure's work: rows, one event, the audit log. A
/// change that changes nothing writes nothing. Errors of all: invalid_argument with every bad
/// field, not_found, failed_precondition (another version), conflict (taken, or the last
/// administrator of `master`), and the store's. Thread-safety: the writer's thread.
class Users {
 public:
    explicit Users(Ledger& ledger) : ledger_(ledger) {}

    Result<store::UserRow> create(store::Transaction& tx, const Caller& caller,
                                  const RealmId& realm, const UserChange& change);
    /// A user who comes from elsewhere, with the roles that they have there.
    struct Arrival {
        store::UserRow row;
        std::optional<std::string> password_hash;
        std::vector<store::RoleRow> roles;
    };
    /// Errors: invalid_argument.
    static Result<Arrival> arriving(store::Transaction& tx, const RealmId& realm,
                                    const UserChange& change, const UserOrigin& origin,
                                    std::vector<store::RoleRow> roles);
    /// The same as create() of each, and an assign() of each role, at once. Requires: all are of
    /// the realm, which is there; nobody has their ids, usernames and e-mail addresses; and the
    /// caller may grant their roles, each of which is there once.
    Result<void> take_in(store::Transaction& tx, const Caller& caller, const RealmId& realm,
                         std::span<const Arrival> arrivals);
    /// PUT and PATCH. A new e-mail voids pending resets; a disabled user's sessions end.
    Result<store::UserRow> update(store::Transaction& tx, const Caller& caller,
                                  const Address<UserId>& address, const UserChange& change);
    Result<void> remove(store::Transaction& tx, const Caller& caller,
                        const Address<UserId>& address);
    /// All of them or none; one event. Errors: invalid_argument naming each id that is no user.
    Result<std::size_t> remove_many(store::Transaction& tx, const Caller& caller,
                                    const RealmId& realm, const std::vector<UserId>& ids);

    /// Returns nothing new when the user has the role already. Errors: also permission_denied (the
    /// role has permissions that the caller has not).
    Result<void> assign(store::Transaction& tx, const Caller& caller,
                        const Address<UserId>& address, const RoleId& role);
    Result<void> unassign(store::Transaction& tx, const Caller& caller,
                          const Address<UserId>& address, const RoleId& role);

    Result<void> remove_credential(store::Transaction& tx, const Caller& caller,
                                   const Address<UserId>& address, const CredentialId& credential);

 private:
    Ledger& ledger_;
};

/// Errors: not_found.
Result<store::UserRow> require_user(store::sql::Connection& sql, const RealmId& realm,
                                    const UserId& id);
/// The body of a bulk delete: {"ids": […]}. Errors: invalid_argument with every bad entry.
Result<std::vector<UserId>> parse_bulk_delete(const json::Value& body);

}  // namespace postrider::directory
