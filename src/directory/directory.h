#pragma once

#include <functional>
#include <optional>
#include <string>

#include "access/password_hasher.h"
#include "base/random.h"
#include "base/result.h"
#include "directory/api_keys.h"
#include "directory/clients.h"
#include "directory/import.h"
#include "directory/ledger.h"
#include "directory/passwords.h"
#include "directory/realm_index.h"
#include "directory/reset_mail.h"
#include "directory/retention.h"
#include "directory/roles.h"
#include "directory/settings.h"
#include "directory/users.h"
#include "model/actor.h"
#include "model/event.h"
#include "store/realm_store.h"
#include "store/rows.h"
#include "store/store.h"
#include "vault/vault.h"
#include "webhooks/webhooks.h"

namespace postrider::events {
class Publisher;
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
              const vault::Vault& vault, access::PasswordHasher& hasher, access::ApiKeys& keys,
              DirectoryOptions options)
        : store_(store),
          publisher_(publisher),
          webhooks_(webhooks),
          options_(std::move(options)),
          ledger_(publisher),
          users_(ledger_),
          roles_(ledger_),
          clients_(ledger_),
          importer_(publisher),
          api_keys_(ledger_, keys, index_),
          reset_mail_(vault, options_.settings),
          passwords_(store, hasher, ledger_, reset_mail_, options_.settings) {}

    /// Makes `master`, and its first administrator `admin` without a password, when they have never
    /// been there, and loads the index. Blocks: for the start.
    Result<void> start();
    /// A realm that another node has changed; whether it is there.
    Result<bool> reload(store::sql::Connection& sql, const RealmId& id);
    Result<void> reload_all(store::sql::Connection& sql);
    /// The realms of which start() has ended settings that an older version had, with the names of
    /// those: for the log.
    const std::vector<std::string>& retired_settings() const { return retired_settings_; }
    const RealmIndex& realms() const { return index_; }
    Users& users() { return users_; }
    Roles& roles() { return roles_; }
    Clients& clients() { return clients_; }
    Importer& importer() { return importer_; }
    Passwords& passwords() { return passwords_; }
    KeyRegistry& api_keys() { return api_keys_; }
    const ResetMail& reset_mail() const { return reset_mail_; }

    /// Users::remove(), remove_many() and unassign(), and in the same transaction what becomes of
    /// the API keys that these users made: returns those that there were. Errors: also those of
    /// KeyRegistry::revoke_all(). Writer's thread.
    using Keys = std::vector<store::ApiKeyRow>;
    Result<Keys> remove_user(store::Transaction& tx, const Caller& caller,
                             const Address<UserId>& address, KeyFate fate);
    Result<Keys> remove_users(store::Transaction& tx, const Caller& caller, const RealmId& realm,
                              const std::vector<UserId>& ids, KeyFate fate);
    Result<Keys> unassign_role(store::Transaction& tx, const Caller& caller,
                               const Address<UserId>& address, const RoleId& role, KeyFate fate);

    /// `store`: of the caller's realm. Errors: invalid_argument naming the field; conflict (the
    /// name is taken).
    void create_realm(const store::RealmStore& store, Actor actor, NewRealm realm, RealmDone done);
    /// `store`: of this realm. Errors: invalid_argument, not_found, failed_precondition
    /// (`expected_version` does not hold). A change that changes nothing writes nothing.
    void update_realm(const store::RealmStore& store, Actor actor, RealmId id, RealmChange change,
                      const VersionCondition& expected_version, RealmDone done);
    /// The realm is gone at once and its name is free; its rows go in steps (purge_step).
    /// Writer's thread. Errors: not_found, failed_precondition, conflict (`master` stays),
    /// permission_denied (a role or key of it may do what the caller may not).
    Result<void> delete_realm(store::Transaction& tx, const Caller& caller,
                              const Address<RealmId>& address);
    Result<std::vector<Retention>> retentions(store::sql::Connection& sql) const {
        return directory::retentions(sql, options_.settings);
    }
    /// Removes a few rows of a deleted realm, of the next one after `after` of which some can go:
    /// the realm, or nothing when none can go now. Writer's thread.
    Result<std::optional<RealmId>> purge_step(store::Transaction& tx, const RealmId& after);

    Result<VersionedSettings> settings(store::sql::Connection& sql, const RealmId& realm) const;
    /// PUT and PATCH. When somebody who may do less than whoever chose the password_reset_webhook
    /// changes how it is sent, that setting ends with the change. Writer's thread. Errors: also
    /// those of check_reset_webhook().
    Result<VersionedSettings> update_settings(store::Transaction& tx, const Caller& caller,
                                              const Address<RealmId>& address,
                                              const SettingsChange& change);

    /// Webhooks::update(), rotate_secret() and remove(). When the webhook is the realm's
    /// password_reset_webhook, and somebody who may do less than whoever chose it changes whether,
    /// where or how it is sent, that setting ends in the same transaction; with the webhook it ends
    /// too. Errors of update_webhook(): also permission_denied (a webhook of all realms, without
    /// manage_realms). Writer's thread.
    Result<webhooks::Saved> update_webhook(store::Transaction& tx, const Caller& caller,
                                           const webhooks::Address& address,
                                           const webhooks::Change& change);
    Result<webhooks::Webhooks::Rotated> rotate_webhook_secret(store::Transaction& tx,
                                                              const Caller& caller,
                                                              const webhooks::Address& address,
                                                              const webhooks::Rotation& rotation);
    Result<void> remove_webhook(store::Transaction& tx, const Caller& caller,
                                const webhooks::Address& address);

 private:
    Result<void> retire_settings();
    RealmIndex::Entry entry_of(const store::RealmRow& row) const;
    Result<std::optional<ResetWebhook>> reset_webhook(store::sql::Connection& sql,
                                                      const RealmId& realm,
                                                      const WebhookId& webhook) const;
    Result<void> end_reset_webhook(store::Transaction& tx, const Actor& actor,
                                   const RealmId& realm);
    Result<VersionedSettings> save_settings(store::Transaction& tx, const Actor& actor,
                                            store::RealmRow row,
                                            const std::vector<std::string>& changed);
    Result<Keys> settle_keys(store::Transaction& tx, const Caller& caller,
                             const std::vector<UserId>& users, KeyFate fate);
    Result<PublishedEvent> publish(store::Transaction& tx, const Actor& actor,
                                   const store::RealmRow& row, std::string type, std::string data);
    Result<store::RealmRow> create_in(store::Transaction& tx, const Actor& actor,
                                      const NewRealm& realm);
    Result<store::RealmRow> update_in(store::Transaction& tx, const Actor& actor, const RealmId& id,
                                      const RealmChange& change,
                                      const VersionCondition& expected_version);

    store::Store& store_;
    events::Publisher& publisher_;
    webhooks::Webhooks& webhooks_;
    const DirectoryOptions options_;
    Ledger ledger_;
    Users users_;
    Roles roles_;
    Clients clients_;
    Importer importer_;
    RealmIndex index_;
    KeyRegistry api_keys_;
    ResetMail reset_mail_;
    Passwords passwords_;
    std::vector<std::string> retired_settings_;
};

}  // namespace postrider::directory
