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

namespace postrider::directory {

/// Roles by their names: of the realm, and by the client_id of a client.
struct RoleNames {
    std::vector<std::string> realm;
    std::vector<std::pair<std::string, std::vector<std::string>>> client;
};

struct ImportedRole {
    std::optional<std::string> client_id;  ///< none: of the realm
    RoleChange change;
};
struct ImportedClient {
    ClientChange change;
    std::vector<RedirectUriChange> redirect_uris;
    ClientSecret secret;
};
struct ImportedServiceAccount {
    std::string client_id;
    RoleNames roles;
};
struct ImportedUser {
    UserChange change;
    RoleNames roles;
};

/// A part of a realm that comes from elsewhere: entries name each other, as they have no ids here
/// yet. They are made in this order, so a part may use what it brings itself.
struct ImportPart {
    bool events = true;
    std::vector<ImportedClient> clients;
    std::vector<ImportedRole> roles;
    std::vector<ImportedServiceAccount> service_accounts;
    std::vector<ImportedUser> users;
};
/// Errors: invalid_argument with every bad field, "#/users/3/email".
Result<ImportPart> parse_import_part(const json::Value& body, Random& random);

struct ImportCount {
    std::size_t created = 0;
    std::size_t existing = 0;  ///< were there by their name, and stay as they are
};

/// Takes over a realm, part by part. All of a part or nothing, so that repeating it is safe: what
/// is there by its name is left alone. Each entry is the ordinary change with its own event and
/// line in the audit log; without events only the latter. Thread-safety: the writer's thread.
class Importer {
 public:
    explicit Importer(events::Publisher& publisher)
        : told_{Ledger(publisher)}, quiet_{Ledger(publisher, Ledger::Events::none)} {}

    /// Errors: those of the changes, their pointers below the entry ("#/clients/0/client_id").
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
