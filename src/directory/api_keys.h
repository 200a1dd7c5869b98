#pragma once

#include <string>
#include <vector>

#include "access/api_keys.h"
#include "base/result.h"
#include "directory/ledger.h"
#include "directory/realm_index.h"
#include "store/store.h"

namespace postrider::directory {

/// What becomes of the API keys that a user made, when the user is deleted or loses a role.
enum class KeyFate { stay, revoke };

/// The API keys of all realms: each mutation is one closure's work: the row, the audit log, and
/// after the commit what requests are let in by. A key remembers who made it. Thread-safety: the
/// writer's thread; reads on any.
class KeyRegistry {
 public:
    /// Lifetime: all of them outlive it.
    KeyRegistry(Ledger& ledger, access::ApiKeys& keys, const RealmIndex& realms)
        : ledger_(ledger), keys_(keys), realms_(realms) {}

    /// `row` has everything but its id, its times and its maker. Errors: permission_denied (it
    /// would have a permission that the caller has not), invalid_argument (it would outlive the
    /// caller), conflict (the name is taken, too many).
    Result<store::ApiKeyRow> create(store::Transaction& tx, const Caller& caller,
                                    store::ApiKeyRow row);
    /// Errors: not_found; permission_denied (the key may do what the caller may not); conflict (the
    /// server's own).
    Result<void> revoke(store::Transaction& tx, const Caller& caller, const RealmId& realm,
                        const ApiKeyId& id);
    /// Every key of the list. Errors: as revoke(), also permission_denied without manage_api_keys.
    Result<void> revoke_all(store::Transaction& tx, const Caller& caller,
                            const std::vector<store::ApiKeyRow>& rows);

 private:
    Result<void> remove(store::Transaction& tx, const Caller& caller, const store::ApiKeyRow& row);

    Ledger& ledger_;
    access::ApiKeys& keys_;
    const RealmIndex& realms_;
};

/// Errors: not_found.
Result<store::ApiKeyRow> require_api_key(store::sql::Connection& sql, const RealmId& realm,
                                         const ApiKeyId& id);
/// The keys, in any realm, that any of these users made, and those that were made with such a key,
/// and so on. Newest first within each generation.
Result<std::vector<store::ApiKeyRow>> keys_made_by(store::sql::Connection& sql,
                                                   const std::vector<UserId>& users);

}  // namespace postrider::directory
