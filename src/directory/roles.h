#pragma once

#include <optional>

#include "base/result.h"
#include "directory/ledger.h"
#include "directory/role.h"
#include "store/store.h"

namespace postrider::directory {

/// Which role, of the realm itself (no client) or of a client.
struct RoleAddress {
    RealmId realm;
    std::optional<ClientId> client;
    RoleId id;
    VersionCondition version;
};

/// The roles of a realm and of its clients: each mutation is one closure's work: row, one event,
/// the audit log. A change that changes nothing writes nothing. Errors of all: invalid_argument
/// with every bad field, not_found, failed_precondition, conflict (taken, too many, or the last
/// administrator of `master`), permission_denied (it grants what the caller has not).
/// Thread-safety: the writer's thread.
class Roles {
 public:
    explicit Roles(Ledger& ledger) : ledger_(ledger) {}

    /// `id`: that it has elsewhere; nothing of the realm has it. Without it a new one is made.
    Result<store::RoleRow> create(store::Transaction& tx, const Caller& caller,
                                  const RealmId& realm, std::optional<ClientId> client,
                                  const RoleChange& change,
                                  std::optional<RoleId> id = std::nullopt);
    Result<store::RoleRow> update(store::Transaction& tx, const Caller& caller,
                                  const RoleAddress& address, const RoleChange& change);
    Result<store::RoleRow> set_permissions(store::Transaction& tx, const Caller& caller,
                                           const RoleAddress& address,
                                           const access::PermissionSet& permissions);
    /// With its assignments, which fire nothing of their own.
    Result<void> remove(store::Transaction& tx, const Caller& caller, const RoleAddress& address);

 private:
    Result<store::RoleRow> save(store::Transaction& tx, const Caller& caller,
                                const RoleAddress& address, const RoleChange& change,
                                std::string_view type, std::string_view action);

    Ledger& ledger_;
};

/// Errors: not_found, also of a client's role where the realm's is asked for, and the reverse.
Result<store::RoleRow> require_role(store::sql::Connection& sql, const RealmId& realm,
                                    std::optional<ClientId> client, const RoleId& id);

}  // namespace postrider::directory
