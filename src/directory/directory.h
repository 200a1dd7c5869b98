#pragma once

#include <functional>
#include <optional>
#include <string>

#include "access/password_hasher.h"
#include "base/random.h"
#include "base/result.h"
#include "directory/clients.h"
#include "directory/import.h"
#include "directory/ledger.h"
#include "directory/passwords.h"
#include "directory/realm_index.h"
#include "directory/retention.h"
#include "directory/roles.h"
#include "directory/settings.h"
#include "directory/users.h"
#include "model/actor.h"
#include "model/event.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::events {
class Publisher;
}
namespace postrider::webhooks {
class Webhooks;
}

namespace postrider::directory {

/// Who is there from the start.
inline constexpr std::string_view administrator_name = "admin";

struct NewRealm {
    std::string name;
    std::string display_name;
};

struct RealmChange {
    std::optional<std::string> display_name;
};

struct DirectoryOptions {
    SettingsDefaults settings;
    /// After the commit of a realm's deletion: who got in by it is out.
    std::function<void(const RealmId&)> realm_deleted;
};

/// A realm's settings and its version, which is their ETag.
struct VersionedSettings {
    Settings settings;
    std::int64_t version = 0;
};

/// Realms, and the door to all that lives in them. Each mutation writes its rows, its event and its
/// audit row in one transaction; an event about a realm is written in that realm and in `master`,
/// with one id and the same bytes.
/// Thread-safety: any thread; callbacks come on the store's threads.
class Directory {
 public:
    using RealmDone = std::function<void(Result<store::RealmRow>)>;

    /// Lifetime: all of them outlive the directory.
    Directory(store::Store& store, events::Publisher& publisher, webhooks::Webhooks& webhooks,
              access::PasswordHasher& hasher, DirectoryOptions options)
        : store_(store),
          publisher_(publisher),
          webhooks_(webhooks),
          options_(std::move(options)),
          ledger_(publisher),
          users_(ledger_),
          roles_(ledger_),
          clients_(ledger_),
          importer_(publisher),
          passwords_(store, hasher, ledger_, options_.settings) {}

    /// Makes `master`, and its first administrator `admin` without a password, when they have never
    /// been there, and loads the index. Blocks: for the start.
    Result<void> start();
    /// A realm that another node has changed; whether it is there.
    Result<bool> reload(store::sql::Connection& sql, const RealmId& id);
    Result<void> reload_all(store::sql::Connection& sql);
    const RealmIndex& realms() const { return index_; }
    Users& users() { return users_; }
    Roles& roles() { return roles_; }
    Clients& clients() { return clients_; }
    Importer& importer() { return importer_; }
    Passwords& passwords() { return passwords_; }

    /// Errors: invalid_argument naming the field; conflict (the name is taken).
    void create_realm(Actor actor, NewRealm realm, RealmDone done);
    /// Errors: invalid_argument, not_found, failed_precondition (`expected_version` is not its).
    /// A change that changes nothing writes nothing.
    void update_realm(Actor actor, RealmId id, RealmChange change,
                      std::optional<std::int64_t> expected_version, RealmDone done);
    /// The realm is gone at once and its name is free; its rows go in steps (purge_step).
    /// Writer's thread. Errors: not_found, failed_precondition, conflict (`master` stays).
    Result<void> delete_realm(store::Transaction& tx, const Actor& actor,
                              const Address<RealmId>& address);
    Result<std::vector<Retention>> retentions(store::sql::Connection& sql) const {
        return directory::retentions(sql, options_.settings);
    }
    /// Removes a few rows of deleted realms; whether more can go now. Writer's thread.
    Result<bool> purge_step(store::Transaction& tx);

    Result<VersionedSettings> settings(store::sql::Connection& sql, const RealmId& realm) const;
    /// PUT and PATCH. Writer's thread.
    Result<VersionedSettings> update_settings(store::Transaction& tx, const Actor& actor,
                                              const Address<RealmId>& address,
                                              const SettingsChange& change);

 private:
    Result<RealmIndex::Entry> entry_of(const store::RealmRow& row) const;
    Result<PublishedEvent> publish(store::Transaction& tx, const store::RealmRow& row,
                                   std::string type, std::string data);
    Result<store::RealmRow> create_in(store::Transaction& tx, const Actor& actor,
                                      const NewRealm& realm);
    Result<store::RealmRow> update_in(store::Transaction& tx, const Actor& actor, const RealmId& id,
                                      const RealmChange& change,
                                      std::optional<std::int64_t> expected_version);

    store::Store& store_;
    events::Publisher& publisher_;
    webhooks::Webhooks& webhooks_;
    const DirectoryOptions options_;
    Ledger ledger_;
    Users users_;
    Roles roles_;
    Clients clients_;
    Importer importer_;
    Passwords passwords_;
    RealmIndex index_;
};

}  // namespace postrider::directory
