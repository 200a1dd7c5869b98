#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "events/publisher.h"
#include "model/actor.h"
#include "model/version_condition.h"
#include "store/store.h"
#include "vault/vault.h"
#include "webhooks/cancellations.h"
#include "webhooks/change.h"
#include "webhooks/draft.h"
#include "webhooks/held_memory.h"
#include "webhooks/operational.h"
#include "webhooks/target.h"
#include "webhooks/target_builder.h"
#include "webhooks/target_rebuilds.h"
#include "webhooks/view.h"
#include "webhooks/webhook.h"

namespace postrider::webhooks {

/// Which webhook a change is of, and which versions it may have (If-Match).
struct Address {
    RealmId realm;
    WebhookId id;
    VersionCondition version;
};

/// A webhook after a change.
struct Saved {
    Webhook webhook;
    std::optional<ShownSecret> secret;  ///< when keys were made: shown this once
    bool was_disabled = false;          ///< by this change
};

/// The configuration of webhooks. Every mutation is one closure's work: the row, its version for
/// `explain`, the realm's config_version where matching changed, what is pending when it ends, the
/// event, the audit log, and after the commit the engine's new Target. A change that changes
/// nothing writes nothing. Errors of all: not_found (tombstones too), failed_precondition (another
/// version), invalid_argument with every bad field, and the store's. Thread-safety: mutations on
/// the writer's thread; reads on any.
class Webhooks {
 public:
    /// Lifetime: all of them outlive it. Requires: `random` may be used by any thread.
    Webhooks(const vault::Vault& vault, events::Publisher& publisher, Cancellations& cancellations,
             TargetRebuilds& rebuilds, TargetSink& sink, Random& random, Defaults defaults);

    /// At start, before the engine runs: tells the sink every webhook, and ends the tombstones that
    /// are final. Waits for the store.
    Result<void> load_targets(store::Store& store);

    /// What other nodes have changed: tells the sink. Any thread, one call after the other.
    Result<void> reload(store::sql::Connection& sql, const RealmId& realm, const WebhookId& id);
    Result<void> reload_all(store::sql::Connection& sql);

    /// Errors: also conflict (limits::webhooks_per_realm_max). Of this and update(): also
    /// invalid_argument (HeldMemory).
    Result<Saved> create(store::Transaction& tx, const RealmId& realm, const Change& change,
                         const Actor& actor);
    /// PUT and PATCH, as `change` says.
    Result<Saved> update(store::Transaction& tx, const Address& address, const Change& change,
                         const Actor& actor);
    /// Its own deletion is published first, so it may still be delivered; until that is final the
    /// row stays as a tombstone.
    Result<void> remove(store::Transaction& tx, const Address& address, const Actor& actor);
    struct Rotated {
        std::int64_t version = 0;
        ShownSecret secret;
    };
    Result<Rotated> rotate_secret(store::Transaction& tx, const Address& address,
                                  const Rotation& rotation, const Actor& actor);

    /// Disables it for the engine (410, promise 7). Answers false, and does nothing, when it is
    /// disabled or deleted.
    Result<bool> disable(store::Transaction& tx, const RealmId& realm, const WebhookId& id,
                         DisabledReason reason, const Actor& actor);
    /// Removes a tombstone that has nothing pending any more; the engine calls it after recording.
    Result<void> purge_if_final(store::Transaction& tx, const RealmId& realm, const WebhookId& id);
    /// After a change of the realm's settings, in its transaction: if Targets depend on what has
    /// changed, those of all its webhooks are built again after the commit, part by part, before
    /// whoever asked is answered.
    void realm_changed(store::Transaction& tx, const store::RealmRow& before,
                       const store::RealmRow& after);

    /// Of a realm that is being deleted, in its transaction, after its last event, which is still
    /// delivered: every webhook becomes a tombstone, and what else is pending is cancelled, both
    /// in parts before whoever asked is answered. Fires nothing: one change, one event.
    Result<void> realm_deleted(store::Transaction& tx, const RealmId& realm, const EventId& last);

    const OperationalEvents& operational() const { return operational_; }

    /// What the realm's settings make of the server's: its egress policy, for checking a URL.
    Result<RealmConditions> conditions_of(store::sql::Connection& sql, const RealmId& realm) const;
    Result<Webhook> find(store::sql::Connection& sql, const RealmId& realm,
                         const WebhookId& id) const;
    struct Revealed {
        Webhook webhook;  ///< with the secret of its authentication
        Headers headers;
    };
    Result<Revealed> reveal(store::sql::Connection& sql, const RealmId& realm,
                            const WebhookId& id) const;
    Result<ShownSecret> secret(store::sql::Connection& sql, const RealmId& realm,
                               const WebhookId& id, Timestamp now) const;
    /// All keys, the seeds of ed25519 too, as JSON: for an export.
    Result<std::string> keys(store::sql::Connection& sql, const RealmId& realm, const WebhookId& id,
                             Timestamp now) const;

 private:
    struct Loaded {
        store::WebhookRow row;
        Existing existing;
        RealmConditions conditions;
    };
    Result<Loaded> load(store::Transaction& tx, const Address& address);
    /// Errors: invalid_argument (its filter is held against each event, beside too many others).
    Result<void> check_filter(store::Transaction& tx, const Webhook& webhook);
    Result<void> save(store::Transaction& tx, Loaded& loaded, Draft& draft, const Actor& actor,
                      std::string_view action, std::optional<Duration> overlap = {});
    struct Told {
        std::string type;
        WebhookId webhook;
        std::string data;
    };
    Result<PublishedEvent> tell(store::Transaction& tx, const Actor& actor, const RealmId& realm,
                                Told told);
    void set_secrets(store::Transaction& tx, Loaded& loaded, const Draft& draft,
                     Duration overlap) const;
    void seal_previous(store::WebhookRow& row, const GivenKeys& keys, Timestamp now) const;
    Result<void> reload_all(store::sql::Connection& sql,
                            const std::function<void(const store::WebhookRow&)>& visit);
    /// After the commit.
    void tell_sink(store::Transaction& tx, SharedTarget target);
    void tell_now(SharedTarget target);
    void remove_now(const WebhookId& webhook);
    Result<TargetRebuilds::Part> rebuild_part(store::sql::Connection& sql, const RealmId& realm,
                                              std::optional<WebhookId> last) const;
    Result<bool> cancel_first(store::Transaction& tx, const store::WebhookRow& row,
                              std::optional<EventId> except);
    /// The first part at once; whoever asked waits for the rest.
    Result<void> cancel_all(store::Transaction& tx, const store::WebhookRow& row,
                            std::optional<EventId> except = {});
    void wait_for_cancellations(store::Transaction& tx, const RealmId& realm);
    Result<Cancellations::Done> cancel_part(store::Transaction& tx,
                                            const store::CancellationRow& row, Timestamp since);
    Result<Cancellations::Done> bury_some(store::Transaction& tx,
                                          const store::CancellationRow& all);
    Result<void> bury(store::Transaction& tx, store::WebhookRow row,
                      const RealmConditions& conditions, const store::CancellationRow& all);

    TargetBuilder builder_;
    events::Publisher& publisher_;
    OperationalEvents operational_;
    Cancellations& cancellations_;
    TargetRebuilds& rebuilds_;
    TargetSink& sink_;
    HeldMemory memory_;
    Random& random_;
};

}  // namespace postrider::webhooks
