#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "directory/client.h"
#include "directory/clients.h"
#include "directory/ledger.h"
#include "directory/role.h"
#include "directory/roles.h"
#include "directory/user.h"
#include "directory/users.h"
#include "store/store.h"

/// The import format: what `postrider import` sends to POST …/import, whatever it reads from
/// (Keycloak's files, our own export, another system's database). One body is a *part*:
///
///     {"events": true,          fire an event for each entry (default)
///      "partial": false,        true: what is refused costs only itself, see `left_out`
///      "dry_run": false,        true: the part is only read; nothing is looked up or written
///      "compare": false,        with dry_run: it is held against what the realm has, all the same
///      "clients": […], "roles": […], "service_accounts": […], "users": […]}
///
/// A client:
///
///     {"id", "client_id", "name", "description", "type", "enabled",
///      "redirect_uris": ["https://…", {"value": "https://…", "enabled": false}],
///      "secret_hash": "64 hex digits"}     SHA-256 of its secret; without it a new one is made
///
/// A role: {"id", "name", "description", "permissions", "client_id"}. Ids of clients and roles are
/// kept when they are UUIDs of version 7, by which lists are in order, and free. A service account:
/// {"client_id", "roles": [names], "client_roles": {client_id: [names]}}. A user has the members of
/// the API's user, `roles` and `client_roles`, and three that only an import may set:
///
///     "id": "UUID"                         kept when no other user of the realm has it
///     "created_at": "2019-03-01T12:00:00Z" RFC 3339, not in the future
///     "password_hash":                     see directory/imported_password.h
///         "$argon2id$v=19$m=…,t=…,p=…$salt$hash"
///         or {"algorithm": "pbkdf2-sha512", "parameters": {"iterations": 210000},
///             "salt": base64, "hash": base64}
///
/// Entries name each other, as they have no ids here yet. They are made in the order clients,
/// roles, service accounts, users, so a part may use what it brings itself.
namespace postrider::directory {

/// Roles by their names: of the realm, and by the client_id of a client.
struct RoleNames {
    std::vector<std::string> realm;
    std::vector<std::pair<std::string, std::vector<std::string>>> client;
};

struct ImportedRole {
    std::size_t index = 0;                 ///< among the roles of the body
    std::optional<RoleId> id = {};         ///< none: a new one
    std::optional<std::string> client_id;  ///< none: of the realm
    RoleChange change;
};
struct ImportedRedirectUri {
    std::size_t index = 0;
    RedirectUriChange change;
};
struct ImportedClient {
    std::size_t index = 0;
    std::optional<ClientId> id = {};  ///< none: a new one
    ClientChange change;
    std::vector<ImportedRedirectUri> redirect_uris;
    ClientSecret secret;
};
struct ImportedServiceAccount {
    std::size_t index = 0;
    std::string client_id;
    RoleNames roles;
};
struct ImportedUser {
    std::size_t index = 0;
    UserChange change;
    UserOrigin origin;
    RoleNames roles;
};

/// What a part that is `partial` could not bring: a whole entry ("#/users/3") or what is below it
/// ("#/users/3/email", "#/clients/0/redirect_uris/1"), which then is as if it were not there.
struct LeftOut {
    std::string pointer;
    std::string detail;
};

struct ImportPart {
    bool events = true;
    bool partial = false;
    bool dry_run = false;
    bool compare = false;
    std::vector<ImportedClient> clients;
    std::vector<ImportedRole> roles;
    std::vector<ImportedServiceAccount> service_accounts;
    std::vector<ImportedUser> users;
    std::vector<LeftOut> left_out;  ///< found while it was read; none unless `partial`
};
/// Errors: invalid_argument with every bad field, "#/users/3/email"; of a partial part only what
/// is wrong with the part itself (too large, not an object).
Result<ImportPart> parse_import_part(const json::Value& body, Random& random);

struct ImportCount {
    std::size_t created = 0;
    std::size_t existing = 0;  ///< were there by their name, and stay as they are
    std::vector<LeftOut> left_out;
};

/// Takes over a realm, part by part, each in one transaction. A part that is not partial comes in
/// whole or not at all. What is there by its name is left alone, so that repeating a part is safe.
/// Each entry is the ordinary change with its own event and line in the audit log; without events
/// only the latter. Thread-safety: the writer's thread.
class Importer {
 public:
    explicit Importer(events::Publisher& publisher)
        : told_{Ledger(publisher)}, quiet_{Ledger(publisher, Ledger::Events::none)} {}

    /// Writes nothing of a part that is `dry_run`; roles and clients that its users name may be in
    /// other parts, and are not looked for.
    /// Errors: those of the changes, their pointers below the entry ("#/clients/0/client_id"); of a
    /// partial part only those of the store, and a realm that is not there.
    Result<ImportCount> run(store::Transaction& tx, const Caller& caller, const RealmId& realm,
                            const ImportPart& part);

 private:
    struct Changes {
        explicit Changes(Ledger to) : ledger(to), users(ledger), roles(ledger), clients(ledger) {}
        Changes(const Changes&) = delete;
        Changes& operator=(const Changes&) = delete;
        Ledger ledger;
        Users users;
        Roles roles;
        Clients clients;
    };
    class Run;

    Changes told_;
    Changes quiet_;
};

}  // namespace postrider::directory
