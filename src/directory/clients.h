#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "directory/client.h"
#include "directory/ledger.h"
#include "store/store.h"

namespace postrider::directory {

/// A client after a change, with its secret when one was made: shown this once.
struct SavedClient {
    Client client;
    std::optional<std::string> secret;
};

/// A secret and what is kept of it.
struct ClientSecret {
    std::string text;  ///< "prs_…"
    std::string hash;  ///< SHA-256, 32 raw bytes
};
ClientSecret make_client_secret(Random& random);

/// Which redirect URI of which client.
struct RedirectUriAddress {
    RealmId realm;
    ClientId client;
    RedirectUriId id;
    VersionCondition version;
};

/// The clients of a realm and their redirect URIs: each mutation is one closure's work: rows, one
/// event, the audit log. A change that changes nothing writes nothing. Secrets are made before the
/// closure and used if one is needed. Errors of all: invalid_argument with every bad field,
/// not_found, failed_precondition, conflict (taken, too many), permission_denied (the service
/// account would have what the caller has not). Thread-safety: the writer's thread.
class Clients {
 public:
    explicit Clients(Ledger& ledger) : ledger_(ledger) {}

    /// `id`: that it has elsewhere; nobody of the realm has it. Without it a new one is made.
    Result<SavedClient> create(store::Transaction& tx, const Caller& caller, const RealmId& realm,
                               const ClientChange& change, const ClientSecret& secret,
                               std::optional<ClientId> id = std::nullopt);
    /// A client that becomes confidential gets the secret, one that becomes public loses its own.
    /// Its tokens end when it is disabled or loses its secret.
    Result<SavedClient> update(store::Transaction& tx, const Caller& caller,
                               const Address<ClientId>& address, const ClientChange& change,
                               const ClientSecret& secret);
    /// The old secret and the tokens that were got by it end at once.
    Result<SavedClient> rotate_secret(store::Transaction& tx, const Caller& caller,
                                      const Address<ClientId>& address, const ClientSecret& secret);
    Result<void> remove(store::Transaction& tx, const Caller& caller,
                        const Address<ClientId>& address);

    Result<store::RedirectUriRow> create_redirect_uri(store::Transaction& tx, const Caller& caller,
                                                      const RealmId& realm, const ClientId& client,
                                                      const RedirectUriChange& change);
    Result<store::RedirectUriRow> update_redirect_uri(store::Transaction& tx, const Caller& caller,
                                                      const RedirectUriAddress& address,
                                                      const RedirectUriChange& change);
    Result<void> remove_redirect_uri(store::Transaction& tx, const Caller& caller,
                                     const RedirectUriAddress& address);

 private:
    Ledger& ledger_;
};

/// Errors of each: not_found.
Result<store::ClientRow> require_client(store::sql::Connection& sql, const RealmId& realm,
                                        const ClientId& id);
Result<Client> load_client(store::sql::Connection& sql, const RealmId& realm, const ClientId& id);
Result<store::RedirectUriRow> require_redirect_uri(store::sql::Connection& sql,
                                                   const RedirectUriAddress& address);

}  // namespace postrider::directory
