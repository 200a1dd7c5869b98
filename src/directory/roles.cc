#include "directory/roles.h"

#include <fmt/format.h>

#include "directory/administrators.h"
#include "directory/clients.h"
#include "model/limits.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using store::RoleRow;
using store::Transaction;

Result<void> check_unique(Transaction& tx, const RoleRow& row) {
    POSTRIDER_ASSIGN(const auto named,
                     store::roles_table::find_by_name(tx.sql(), row.realm, row.client, row.name));
    if (!named || named->id == row.id) return {};
    return taken("name", fmt::format("a role named \"{}\" exists already", row.name));
}

Result<void> check_room(Transaction& tx, const RealmId& realm, std::optional<ClientId> client) {
    const auto most = client ? limits::roles_per_client_max : limits::roles_per_realm_max;
    POSTRIDER_ASSIGN(const auto count, store::roles_table::count(tx.sql(), realm, client));
    if (static_cast<std::size_t>(count) < most) return {};
    return fail(ErrorCode::conflict,
                fmt::format("there are {} roles here, and more are not possible: delete one that "
                            "is no longer needed",
                            count));
}

}  // namespace

Result<RoleRow> require_role(store::sql::Connection& sql, const RealmId& realm,
                             std::optional<ClientId> client, const RoleId& id) {
    POSTRIDER_ASSIGN(auto row, store::roles_table::find(sql, realm, id));
    if (!row || row->client != client) return no_such("role", id.to_string());
    return std::move(*row);
}

Result<RoleRow> Roles::create(Transaction& tx, const Caller& caller, const RealmId& realm,
                              std::optional<ClientId> client, const RoleChange& change,
                              std::optional<RoleId> id) {
    POSTRIDER_TRY(require_realm(tx.sql(), realm));
    if (client) {
        POSTRIDER_ASSIGN(const auto owner, require_client(tx.sql(), realm, *client));
        POSTRIDER_TRY(clear_client(tx.sql(), caller, owner));
    }
    POSTRIDER_TRY(check_errors(change.errors));
    RoleRow row{.realm = realm,
                .id = id ? *id : tx.mint_id<RoleId>(),
                .client = client,
                .name = {},
                .description = {},
                .permissions = "[]",
                .created_at = tx.now(),
                .updated_at = tx.now()};
    apply(change, row);
    POSTRIDER_TRY(check_grant(caller, access::from_json(row.permissions)));
    POSTRIDER_TRY(check_unique(tx, row));
    POSTRIDER_TRY(check_room(tx, realm, client));
    POSTRIDER_TRY(store::roles_table::insert(tx, row));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = Clearance::of_new(),
                                 .realm = realm,
                                 .resource = row.id.uuid,
                                 .type = client ? "client.role.created" : "role.created",
                                 .data = role_event_data(row),
                                 .action = client ? "client.role.create" : "role.create"}));
    return row;
}

Result<RoleRow> Roles::save(Transaction& tx, const Caller& caller, const RoleAddress& address,
                            const RoleChange& change, std::string_view type,
                            std::string_view action) {
    POSTRIDER_ASSIGN(auto row, require_role(tx.sql(), address.realm, address.client, address.id));
    POSTRIDER_ASSIGN(const auto clearance, clear_role(caller, row));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_TRY(check_errors(change.errors));
    const auto changed = apply(change, row);
    if (changed.empty()) return row;
    POSTRIDER_TRY(check_grant(caller, access::from_json(row.permissions)));
    POSTRIDER_TRY(check_unique(tx, row));
    POSTRIDER_ASSIGN(const auto guard, AdministratorGuard::watch(tx.sql(), row.realm));
    row.version += 1;
    row.updated_at = tx.now();
    POSTRIDER_TRY(store::roles_table::update(tx, row));
    POSTRIDER_TRY(guard.check(tx.sql()));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = type,
                                 .data = role_event_data(row, &changed),
                                 .action = action,
                                 .detail = changed_detail(changed)}));
    return row;
}

Result<RoleRow> Roles::update(Transaction& tx, const Caller& caller, const RoleAddress& address,
                              const RoleChange& change) {
    if (address.client) {
        return save(tx, caller, address, change, "client.role.updated", "client.role.update");
    }
    return save(tx, caller, address, change, "role.updated", "role.update");
}

Result<RoleRow> Roles::set_permissions(Transaction& tx, const Caller& caller,
                                       const RoleAddress& address,
                                       const access::PermissionSet& permissions) {
    RoleChange change;
    change.permissions.set(permissions);
    return save(tx, caller, address, change, "role.permission.updated", "role.set_permissions");
}

Result<void> Roles::remove(Transaction& tx, const Caller& caller, const RoleAddress& address) {
    POSTRIDER_ASSIGN(const auto row,
                     require_role(tx.sql(), address.realm, address.client, address.id));
    POSTRIDER_ASSIGN(const auto clearance, clear_role(caller, row));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_ASSIGN(const auto guard, AdministratorGuard::watch(tx.sql(), row.realm));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "role.deleted",
                                 .data = role_event_data(row),
                                 .action = row.client ? "client.role.delete" : "role.delete"}));
    POSTRIDER_TRY(store::roles_table::remove(tx, row.realm, row.id));
    return guard.check(tx.sql());
}

}  // namespace postrider::directory
