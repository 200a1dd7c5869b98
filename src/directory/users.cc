#include "directory/users.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "directory/administrators.h"
#include "directory/role.h"
#include "model/limits.h"
#include "store/import_tables.h"
#include "store/removals.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using store::Transaction;
using store::UserRow;

/// The store's index would refuse it too, but could not say which field it was.
Result<void> check_unique(Transaction& tx, const UserRow& row) {
    POSTRIDER_ASSIGN(const auto named,
                     store::users_table::find_by_username(tx.sql(), row.realm, row.username));
    if (named && named->id != row.id) {
        return taken("username", fmt::format("a user named \"{}\" exists already", row.username));
    }
    if (!row.email) return {};
    POSTRIDER_ASSIGN(const auto mailed,
                     store::users_table::find_by_email(tx.sql(), row.realm, *row.email));
    if (mailed && mailed->id != row.id) {
        return taken("email",
                     fmt::format("a user with the e-mail \"{}\" exists already", *row.email));
    }
    return {};
}

UserRow new_row(Transaction& tx, const RealmId& realm, const UserOrigin& origin) {
    return {.realm = realm,
            .id = origin.id ? *origin.id : tx.mint_id<UserId>(),
            .username = {},
            .email = {},
            .first_name = {},
            .last_name = {},
            .attributes = "{}",
            .created_at = origin.created_at.value_or(tx.now()),
            .updated_at = tx.now()};
}

Entry creation(const UserRow& row) {
    return {.clearance = Clearance::of_new(),
            .realm = row.realm,
            .resource = row.id.uuid,
            .type = "user.created",
            .data = user_event_data(row),
            .action = "user.create"};
}

/// A role that a user gets or loses.
Entry role_change(const Clearance& clearance, const UserRow& user, const store::RoleRow& role,
                  std::string_view type, std::string_view action) {
    std::string data;
    json::Writer writer(data);
    writer.begin_object();
    write_user_members(writer, user);
    writer.key("role");
    write_role_name(writer, role);
    writer.end_object();
    return {.clearance = clearance,
            .realm = user.realm,
            .resource = user.id.uuid,
            .type = type,
            .data = std::move(data),
            .action = action,
            .detail = fmt::format(R"({{"role":"{}"}})", role.id.to_string())};
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 1> ids_alone{"ids"};

}  // namespace

Result<UserRow> require_user(store::sql::Connection& sql, const RealmId& realm, const UserId& id) {
    POSTRIDER_ASSIGN(auto row, store::users_table::find(sql, realm, id));
    if (!row) return no_such("user", id.to_string());
    return std::move(*row);
}

Result<UserRow> Users::create(Transaction& tx, const Caller& caller, const RealmId& realm,
                              const UserChange& change) {
    POSTRIDER_TRY(check_errors(change.errors));
    POSTRIDER_TRY(require_realm(tx.sql(), realm));
    UserRow row = new_row(tx, realm, {});
    POSTRIDER_TRY(apply(change, row));
    POSTRIDER_TRY(check_unique(tx, row));
    POSTRIDER_TRY(store::users_table::insert(tx, row));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor, creation(row)));
    return row;
}

Result<Users::Arrival> Users::arriving(Transaction& tx, const RealmId& realm,
                                       const UserChange& change, const UserOrigin& origin,
                                       std::vector<store::RoleRow> roles) {
    POSTRIDER_TRY(check_errors(change.errors));
    Arrival arrival{.row = new_row(tx, realm, origin),
                    .password_hash = origin.password_hash,
                    .roles = std::move(roles)};
    POSTRIDER_TRY(apply(change, arrival.row));
    return arrival;
}

Result<void> Users::take_in(Transaction& tx, const Caller& caller, const RealmId& realm,
                            std::span<const Arrival> arrivals) {
    std::vector<UserRow> users;
    std::vector<store::CredentialRow> credentials;
    std::vector<store::UserRoleRow> roles;
    std::vector<Entry> entries;
    for (const auto& [row, password_hash, given] : arrivals) {
        users.push_back(row);
        entries.push_back(creation(row));
        if (password_hash) {
            credentials.push_back({.realm = realm,
                                   .user = row.id,
                                   .id = tx.mint_id<CredentialId>(),
                                   .type = std::string(password_credential),
                                   .hash = *password_hash,
                                   .created_at = tx.now(),
                                   .updated_at = tx.now()});
        }
        for (const store::RoleRow& role : given) {
            roles.push_back({realm, row.id, role.id});
            entries.push_back(role_change(Clearance::of_new(), row, role, "user.role.assigned",
                                          "user.assign_role"));
        }
    }
    POSTRIDER_TRY(store::import_tables::insert_users(tx, users));
    POSTRIDER_TRY(store::import_tables::insert_credentials(tx, credentials));
    POSTRIDER_TRY(store::import_tables::insert_roles(tx, roles));
    return ledger_.write_all(tx, caller.actor, realm, entries);
}

Result<UserRow> Users::update(Transaction& tx, const Caller& caller, const Address<UserId>& address,
                              const UserChange& change) {
    POSTRIDER_ASSIGN(auto row, require_user(tx.sql(), address.realm, address.id));
    POSTRIDER_ASSIGN(const auto clearance, clear_user(tx.sql(), caller, row.realm, row.id));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_TRY(check_errors(change.errors));
    POSTRIDER_ASSIGN(const auto changed, apply(change, row));
    if (changed.empty()) return row;
    if (contains(changed, "email") || contains(changed, "username")) {
        POSTRIDER_TRY(check_unique(tx, row));
    }
    POSTRIDER_ASSIGN(const auto guard, AdministratorGuard::watch(tx.sql(), row.realm));
    row.version += 1;
    row.updated_at = tx.now();
    POSTRIDER_TRY(store::users_table::update(tx, row));
    POSTRIDER_TRY(guard.check(tx.sql()));
    if (contains(changed, "email")) {
        POSTRIDER_TRY(store::password_resets_table::void_all(tx, row.realm, row.id, tx.now()));
        POSTRIDER_TRY(store::sealed_resets_table::remove_void(tx, row.realm, row.id));
    }
    if (!row.enabled && contains(changed, "enabled")) {
        POSTRIDER_TRY(store::sessions_table::remove_of_user(tx, row.realm, row.id));
    }
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "user.updated",
                                 .data = user_event_data(row, &changed),
                                 .action = "user.update",
                                 .detail = changed_detail(changed)}));
    return row;
}

Result<void> Users::remove(Transaction& tx, const Caller& caller, const Address<UserId>& address) {
    POSTRIDER_ASSIGN(const auto row, require_user(tx.sql(), address.realm, address.id));
    POSTRIDER_ASSIGN(const auto clearance, clear_user(tx.sql(), caller, row.realm, row.id));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_ASSIGN(const auto guard, AdministratorGuard::watch(tx.sql(), row.realm));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "user.deleted",
                                 .data = user_event_data(row),
                                 .action = "user.delete"}));
    std::vector<bool> removed;
    POSTRIDER_TRY(store::removals::remove_users(tx, row.realm, std::span(&row.id, 1), removed));
    return guard.check(tx.sql());
}

Result<std::vector<UserId>> parse_bulk_delete(const json::Value& body) {
    FieldReader reader(body, ChangeKind::create, ids_alone);
    std::vector<UserId> ids;
    const json::Array* list = nullptr;
    if (body.as_object() != nullptr) {
        reader.require("ids");
        const json::Value* value = reader.find("ids");
        if (value != nullptr) list = value->as_array();
        if (value != nullptr && list == nullptr && !value->is_null()) {
            reader.refuse("ids", fmt::format("must be a list of ids, not {}", value->type_name()));
        }
    }
    if (list != nullptr && (list->empty() || list->size() > limits::bulk_delete_users_max)) {
        reader.refuse("ids", fmt::format("has {} entries; 1 to {} are allowed", list->size(),
                                         limits::bulk_delete_users_max));
    } else if (list != nullptr) {
        std::set<UserId> seen;
        for (std::size_t i = 0; i < list->size(); ++i) {
            const std::string* text = (*list)[i].as_string();
            const auto id = text == nullptr ? std::nullopt : UserId::parse(*text);
            if (!id) {
                reader.refuse_at(fmt::format("#/ids/{}", i), "must be the id of a user");
            } else if (!seen.insert(*id).second) {
                reader.refuse_at(fmt::format("#/ids/{}", i), "is there twice");
            } else {
                ids.push_back(*id);
            }
        }
    }
    auto errors = reader.take_errors();
    if (errors.size() > limits::field_errors_max) errors.resize(limits::field_errors_max);
    POSTRIDER_TRY(check_errors(std::move(errors)));
    return ids;
}

Result<std::size_t> Users::remove_many(Transaction& tx, const Caller& caller, const RealmId& realm,
                                       const std::vector<UserId>& ids) {
    POSTRIDER_TRY(require_realm(tx.sql(), realm));
    POSTRIDER_ASSIGN(const auto clearance, clear_users(tx.sql(), caller, realm, ids));
    POSTRIDER_ASSIGN(const auto guard, AdministratorGuard::watch(tx.sql(), realm));
    std::vector<FieldError> errors;
    std::vector<bool> removed;
    POSTRIDER_TRY(store::removals::remove_users(tx, realm, ids, removed));
    for (std::size_t i = 0; i < ids.size() && errors.size() < limits::field_errors_max; ++i) {
        if (removed[i]) continue;
        errors.push_back({fmt::format("#/ids/{}", i), {}, {}, "is no user of this realm"});
    }
    POSTRIDER_TRY(check_errors(std::move(errors)));
    POSTRIDER_TRY(guard.check(tx.sql()));
    std::string data;
    json::Writer writer(data);
    writer.begin_object();
    writer.key("ids");
    writer.begin_array();
    for (const UserId& id : ids) writer.string(id.to_string());
    writer.end_array();
    writer.end_object();
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = realm,
                                 .resource = realm.uuid,
                                 .type = "user.bulk_deleted",
                                 .data = data,
                                 .action = "user.bulk_delete",
                                 .detail = data}));
    return ids.size();
}

Result<void> Users::assign(Transaction& tx, const Caller& caller, const Address<UserId>& address,
                           const RoleId& role) {
    POSTRIDER_ASSIGN(const auto user, require_user(tx.sql(), address.realm, address.id));
    POSTRIDER_ASSIGN(const auto row, store::roles_table::find(tx.sql(), address.realm, role));
    if (!row) return no_such("role", role.to_string());
    POSTRIDER_ASSIGN(const auto clearance, clear_user(tx.sql(), caller, user.realm, user.id));
    POSTRIDER_TRY(check_grant(caller, access::from_json(row->permissions)));
    POSTRIDER_ASSIGN(const bool is_new,
                     store::user_roles_table::insert(tx, address.realm, user.id, role));
    if (!is_new) return {};
    POSTRIDER_TRY(ledger_.write(
        tx, caller.actor,
        role_change(clearance, user, *row, "user.role.assigned", "user.assign_role")));
    return {};
}

Result<void> Users::unassign(Transaction& tx, const Caller& caller, const Address<UserId>& address,
                             const RoleId& role) {
    POSTRIDER_ASSIGN(const auto user, require_user(tx.sql(), address.realm, address.id));
    POSTRIDER_ASSIGN(const auto row, store::roles_table::find(tx.sql(), address.realm, role));
    if (!row) return no_such("role", role.to_string());
    POSTRIDER_ASSIGN(const auto clearance, clear_user(tx.sql(), caller, user.realm, user.id));
    POSTRIDER_ASSIGN(const auto guard, AdministratorGuard::watch(tx.sql(), address.realm));
    POSTRIDER_ASSIGN(const bool was_there,
                     store::user_roles_table::remove(tx, address.realm, user.id, role));
    if (!was_there) {
        return fail(ErrorCode::not_found,
                    fmt::format("the user does not have the role \"{}\"", row->name));
    }
    POSTRIDER_TRY(guard.check(tx.sql()));
    POSTRIDER_TRY(ledger_.write(
        tx, caller.actor,
        role_change(clearance, user, *row, "user.role.unassigned", "user.unassign_role")));
    return {};
}

Result<void> Users::remove_credential(Transaction& tx, const Caller& caller,
                                      const Address<UserId>& address,
                                      const CredentialId& credential) {
    POSTRIDER_ASSIGN(const auto user, require_user(tx.sql(), address.realm, address.id));
    POSTRIDER_ASSIGN(const auto all,
                     store::credentials_table::all(tx.sql(), address.realm, user.id));
    const auto found = std::ranges::find(all, credential, &store::CredentialRow::id);
    if (found == all.end()) return no_such("credential", credential.to_string());
    POSTRIDER_ASSIGN(const auto clearance, clear_user(tx.sql(), caller, user.realm, user.id));
    POSTRIDER_ASSIGN(const auto guard, AdministratorGuard::watch(tx.sql(), address.realm));
    POSTRIDER_TRY(store::credentials_table::remove(tx, address.realm, user.id, credential));
    POSTRIDER_TRY(guard.check(tx.sql()));
    // Who got in by it is out.
    POSTRIDER_TRY(store::sessions_table::remove_of_user(tx, address.realm, user.id));
    std::string data;
    json::Writer writer(data);
    writer.begin_object();
    write_user_members(writer, user);
    writer.key("credentials");
    writer.begin_array();
    writer.begin_object();
    writer.member("id", found->id.to_string());
    writer.member("type", found->type);
    writer.end_object();
    writer.end_array();
    writer.end_object();
    POSTRIDER_TRY(
        ledger_.write(tx, caller.actor,
                      {.clearance = clearance,
                       .realm = user.realm,
                       .resource = user.id.uuid,
                       .type = "user.credentials.deleted",
                       .data = std::move(data),
                       .action = "user.delete_credential",
                       .detail = fmt::format(R"({{"credential":"{}"}})", found->id.to_string())}));
    return {};
}

}  // namespace postrider::directory
