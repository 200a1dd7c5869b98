#include "directory/clients.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/encoding.h"
#include "directory/administrators.h"
#include "model/limits.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using store::ClientRow;
using store::RedirectUriRow;
using store::Transaction;

Result<void> check_unique(Transaction& tx, const ClientRow& row) {
    POSTRIDER_ASSIGN(const auto named,
                     store::clients_table::find_by_client_id(tx.sql(), row.realm, row.client_id));
    if (!named || named->id == row.id) return {};
    return taken("client_id",
                 fmt::format("a client with the client_id \"{}\" exists already", row.client_id));
}

/// Every role is the realm's or a client's of it, and grants nothing that the caller has not.
Result<void> check_service_account(Transaction& tx, const Caller& caller, const Client& client) {
    std::vector<FieldError> errors;
    for (std::size_t i = 0; i < client.service_account_roles.size(); ++i) {
        const RoleId& id = client.service_account_roles[i];
        POSTRIDER_ASSIGN(const auto role, store::roles_table::find(tx.sql(), client.row.realm, id));
        if (!role) {
            errors.push_back({"#/service_account_roles",
                              {},
                              {},
                              fmt::format("there is no role \"{}\"", id.to_string())});
            continue;
        }
        POSTRIDER_TRY(check_grant(caller, access::from_json(role->permissions)));
    }
    return check_errors(std::move(errors));
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

}  // namespace

ClientSecret make_client_secret(Random& random) {
    ClientSecret secret;
    secret.text = "prs_" + base64url_encode(random.bytes(limits::client_secret_bytes));
    secret.hash = sha256(secret.text);
    return secret;
}

Result<ClientRow> require_client(store::sql::Connection& sql, const RealmId& realm,
                                 const ClientId& id) {
    POSTRIDER_ASSIGN(auto row, store::clients_table::find(sql, realm, id));
    if (!row) return no_such("client", id.to_string());
    return std::move(*row);
}

Result<Client> load_client(store::sql::Connection& sql, const RealmId& realm, const ClientId& id) {
    Client client;
    POSTRIDER_ASSIGN(client.row, require_client(sql, realm, id));
    POSTRIDER_ASSIGN(client.service_account_roles,
                     store::service_account_roles_table::list(sql, realm, id));
    return client;
}

Result<RedirectUriRow> require_redirect_uri(store::sql::Connection& sql,
                                            const RedirectUriAddress& address) {
    POSTRIDER_TRY(require_client(sql, address.realm, address.client));
    POSTRIDER_ASSIGN(
        auto row, store::redirect_uris_table::find(sql, address.realm, address.client, address.id));
    if (!row) return no_such("redirect URI", address.id.to_string());
    return std::move(*row);
}

Result<SavedClient> Clients::create(Transaction& tx, const Caller& caller, const RealmId& realm,
                                    const ClientChange& change, const ClientSecret& secret,
                                    std::optional<ClientId> id) {
    POSTRIDER_TRY(check_errors(change.errors));
    POSTRIDER_TRY(require_realm(tx.sql(), realm));
    SavedClient saved{.client = {.row = {.realm = realm,
                                         .id = id ? *id : tx.mint_id<ClientId>(),
                                         .client_id = {},
                                         .name = {},
                                         .description = {},
                                         .type = std::string(confidential_client),
                                         .secret_hash = {},
                                         .created_at = tx.now(),
                                         .updated_at = tx.now()},
                                 .service_account_roles = {}},
                      .secret = {}};
    ClientRow& row = saved.client.row;
    POSTRIDER_TRY(apply(change, saved.client));
    POSTRIDER_TRY(check_unique(tx, row));
    POSTRIDER_TRY(check_service_account(tx, caller, saved.client));
    if (row.type == confidential_client) {
        row.secret_hash = secret.hash;
        saved.secret = secret.text;
    }
    POSTRIDER_TRY(store::clients_table::insert(tx, row));
    // Tokens of a client that had its id, and was deleted, are not its own.
    if (id) POSTRIDER_TRY(store::oauth_tokens_table::remove_of_client(tx, realm, row.id));
    POSTRIDER_TRY(store::service_account_roles_table::replace(tx, realm, row.id,
                                                              saved.client.service_account_roles));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = Clearance::of_new(),
                                 .realm = realm,
                                 .resource = row.id.uuid,
                                 .type = "client.created",
                                 .data = client_event_data(saved.client),
                                 .action = "client.create"}));
    return saved;
}

Result<SavedClient> Clients::update(Transaction& tx, const Caller& caller,
                                    const Address<ClientId>& address, const ClientChange& change,
                                    const ClientSecret& secret) {
    SavedClient saved;
    POSTRIDER_ASSIGN(saved.client, load_client(tx.sql(), address.realm, address.id));
    ClientRow& row = saved.client.row;
    POSTRIDER_ASSIGN(const auto clearance, clear_client(tx.sql(), caller, row));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_TRY(check_errors(change.errors));
    POSTRIDER_ASSIGN(auto changed, apply(change, saved.client));
    if (changed.empty()) return saved;
    if (contains(changed, "client_id")) POSTRIDER_TRY(check_unique(tx, row));
    if (contains(changed, "service_account_roles")) {
        POSTRIDER_TRY(check_service_account(tx, caller, saved.client));
        POSTRIDER_TRY(store::service_account_roles_table::replace(
            tx, row.realm, row.id, saved.client.service_account_roles));
    }
    if (contains(changed, "type")) {
        const bool gets_secret = row.type == confidential_client;
        row.secret_hash = gets_secret ? secret.hash : std::string();
        if (gets_secret) saved.secret = secret.text;
        changed.emplace_back("secret");
    }
    if (contains(changed, "type") || !row.enabled) {
        POSTRIDER_TRY(store::oauth_tokens_table::remove_of_client(tx, row.realm, row.id));
    }
    row.version += 1;
    row.updated_at = tx.now();
    POSTRIDER_TRY(store::clients_table::update(tx, row));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "client.updated",
                                 .data = client_event_data(saved.client, &changed),
                                 .action = "client.update",
                                 .detail = changed_detail(changed)}));
    return saved;
}

Result<SavedClient> Clients::rotate_secret(Transaction& tx, const Caller& caller,
                                           const Address<ClientId>& address,
                                           const ClientSecret& secret) {
    SavedClient saved;
    POSTRIDER_ASSIGN(saved.client, load_client(tx.sql(), address.realm, address.id));
    ClientRow& row = saved.client.row;
    POSTRIDER_ASSIGN(const auto clearance, clear_client(tx.sql(), caller, row));
    POSTRIDER_TRY(check_version(address.version, row.version));
    if (row.type == public_client) {
        return fail(ErrorCode::conflict, "a public client has no secret");
    }
    row.secret_hash = secret.hash;
    row.version += 1;
    row.updated_at = tx.now();
    saved.secret = secret.text;
    POSTRIDER_TRY(store::clients_table::update(tx, row));
    POSTRIDER_TRY(store::oauth_tokens_table::remove_of_client(tx, row.realm, row.id));
    const std::vector<std::string> changed{"secret"};
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "client.updated",
                                 .data = client_event_data(saved.client, &changed),
                                 .action = "client.rotate_secret",
                                 .detail = changed_detail(changed)}));
    return saved;
}

Result<void> Clients::remove(Transaction& tx, const Caller& caller,
                             const Address<ClientId>& address) {
    POSTRIDER_ASSIGN(const auto client, load_client(tx.sql(), address.realm, address.id));
    const ClientRow& row = client.row;
    POSTRIDER_ASSIGN(const auto clearance, clear_client_removal(tx.sql(), caller, row));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_ASSIGN(const auto roles, store::roles_table::count(tx.sql(), row.realm, row.id));
    POSTRIDER_ASSIGN(const auto uris,
                     store::redirect_uris_table::count(tx.sql(), row.realm, row.id));
    POSTRIDER_ASSIGN(const auto guard, AdministratorGuard::watch(tx.sql(), row.realm));
    std::string data;
    json::Writer writer(data);
    writer.begin_object();
    write_client_members(writer, client);
    writer.key("contained");
    writer.begin_object();
    writer.member("roles", roles);
    writer.member("redirect_uris", uris);
    writer.end_object();
    writer.end_object();
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "client.deleted",
                                 .data = std::move(data),
                                 .action = "client.delete"}));
    POSTRIDER_TRY(store::clients_table::remove(tx, row.realm, row.id));
    return guard.check(tx.sql());
}

namespace {

Result<void> check_unique(Transaction& tx, const RedirectUriRow& row) {
    POSTRIDER_ASSIGN(const auto same, store::redirect_uris_table::find_by_value(
                                          tx.sql(), row.realm, row.client, row.value));
    if (!same || same->id == row.id) return {};
    return taken("value", "the client has this redirect URI already");
}

Result<Clearance> clear_owner(Transaction& tx, const Caller& caller,
                              const RedirectUriAddress& address) {
    POSTRIDER_ASSIGN(const auto owner, require_client(tx.sql(), address.realm, address.client));
    return clear_client(tx.sql(), caller, owner);
}

}  // namespace

Result<RedirectUriRow> Clients::create_redirect_uri(Transaction& tx, const Caller& caller,
                                                    const RealmId& realm, const ClientId& client,
                                                    const RedirectUriChange& change) {
    POSTRIDER_ASSIGN(const auto owner, require_client(tx.sql(), realm, client));
    POSTRIDER_ASSIGN(const auto clearance, clear_client(tx.sql(), caller, owner));
    POSTRIDER_TRY(check_errors(change.errors));
    RedirectUriRow row{.realm = realm,
                       .client = client,
                       .id = tx.mint_id<RedirectUriId>(),
                       .value = {},
                       .created_at = tx.now(),
                       .updated_at = tx.now()};
    apply(change, row);
    POSTRIDER_TRY(check_unique(tx, row));
    POSTRIDER_ASSIGN(const auto count, store::redirect_uris_table::count(tx.sql(), realm, client));
    if (static_cast<std::size_t>(count) >= limits::redirect_uris_per_client_max) {
        return fail(ErrorCode::conflict,
                    fmt::format("the client has {} redirect URIs, and more are not possible: "
                                "delete one that is no longer needed",
                                count));
    }
    POSTRIDER_TRY(store::redirect_uris_table::insert(tx, row));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = realm,
                                 .resource = row.id.uuid,
                                 .type = "redirect_uri.created",
                                 .data = redirect_uri_event_data(row),
                                 .action = "redirect_uri.create"}));
    return row;
}

Result<RedirectUriRow> Clients::update_redirect_uri(Transaction& tx, const Caller& caller,
                                                    const RedirectUriAddress& address,
                                                    const RedirectUriChange& change) {
    POSTRIDER_ASSIGN(auto row, require_redirect_uri(tx.sql(), address));
    POSTRIDER_ASSIGN(const auto clearance, clear_owner(tx, caller, address));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_TRY(check_errors(change.errors));
    const auto changed = apply(change, row);
    if (changed.empty()) return row;
    POSTRIDER_TRY(check_unique(tx, row));
    row.version += 1;
    row.updated_at = tx.now();
    POSTRIDER_TRY(store::redirect_uris_table::update(tx, row));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "redirect_uri.updated",
                                 .data = redirect_uri_event_data(row, &changed),
                                 .action = "redirect_uri.update",
                                 .detail = changed_detail(changed)}));
    return row;
}

Result<void> Clients::remove_redirect_uri(Transaction& tx, const Caller& caller,
                                          const RedirectUriAddress& address) {
    POSTRIDER_ASSIGN(const auto row, require_redirect_uri(tx.sql(), address));
    POSTRIDER_ASSIGN(const auto clearance, clear_owner(tx, caller, address));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "redirect_uri.deleted",
                                 .data = redirect_uri_event_data(row),
                                 .action = "redirect_uri.delete"}));
    return store::redirect_uris_table::remove(tx, row.realm, row.client, row.id);
}

}  // namespace postrider::directory
