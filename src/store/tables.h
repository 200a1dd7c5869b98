#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/list.h"
#include "store/order_table.h"
#include "store/rows.h"
#include "store/store.h"

/// Every statement of SQL that reads or writes a table, by table. Reads take a connection (of a
/// snapshot, or of a transaction, to see its changes), writes a transaction.
/// Lists are newest first; `before` is the id of the last item of the page before. They leave out
/// the rows that cannot be read, count and log them; a single one that cannot is an error, corrupt.
namespace postrider::store {

namespace state_table {
/// Small values of the whole store by name; nullopt when there is none.
Result<std::optional<std::string>> get(sql::Connection& sql, std::string_view name);
Result<void> put(Transaction& tx, std::string_view name, std::string_view value);
Result<void> put(sql::Connection& sql, std::string_view name, std::string_view value);
}  // namespace state_table

namespace realms_table {
/// Tombstones are not found, here and in the two below.
Result<std::optional<RealmRow>> find(sql::Connection& sql, const RealmId& id);
Result<std::optional<RealmRow>> find_by_name(sql::Connection& sql, std::string_view name);
Result<List<RealmRow>> list(sql::Connection& sql, std::optional<RealmId> before, std::size_t limit);
Result<void> insert(Transaction& tx, const RealmRow& row);
Result<void> update(Transaction& tx, const RealmRow& row);
/// Errors: not_found, also when it is a tombstone.
Result<std::int64_t> config_version(sql::Connection& sql, const RealmId& id);
/// The same, and no config_version of it changes, nor does the realm go, before `tx` ends.
/// For transactions that do not raise it themselves.
Result<std::int64_t> hold_config_version(Transaction& tx, const RealmId& id);
/// Tells every matcher, on every node, to reload.
Result<void> raise_config_version(Transaction& tx, const RealmId& id);
/// Makes it a tombstone and frees its name.
Result<void> bury(Transaction& tx, const RealmId& id, Timestamp deleted_at);
/// The tombstones, oldest first.
Result<std::vector<RealmId>> buried(sql::Connection& sql, std::size_t limit);
/// Removes at most `limit` rows of a tombstone: first what belongs to the directory, then the
/// configuration, then the log; and at the end, when no delivery is pending, the tombstone. What
/// the deliveries of `realm.deleted` need stays until they are final, and everything while
/// deliveries are still to be cancelled (cancellations_table.h).
/// Returns how many rows went; 0: nothing can go now.
Result<std::int64_t> purge(Transaction& tx, const RealmId& id, std::size_t limit);
/// Rows of a realm by kind, for `contained` ("users": 3).
struct Counts {
    std::int64_t users = 0;
    std::int64_t roles = 0;
    std::int64_t clients = 0;
    std::int64_t redirect_uris = 0;
    std::int64_t webhooks = 0;
    std::int64_t event_types = 0;
    std::int64_t api_keys = 0;
};
Result<Counts> count_rows(sql::Connection& sql, const RealmId& id);
/// What its roles, and its API keys that have not ended, allow: the different lists of permissions.
Result<std::vector<std::string>> permissions(sql::Connection& sql, const RealmId& id,
                                             Timestamp now);
}  // namespace realms_table

namespace users_table {
Result<std::optional<UserRow>> find(sql::Connection& sql, const RealmId& realm, const UserId& id);
/// Whatever the case of its ASCII letters.
Result<std::optional<UserRow>> find_by_username(sql::Connection& sql, const RealmId& realm,
                                                std::string_view username);
Result<std::optional<UserRow>> find_by_email(sql::Connection& sql, const RealmId& realm,
                                             std::string_view email);
/// Users are listed by the time at which they were created, as an id may come from elsewhere.
struct Position {
    Timestamp created_at;
    UserId id;
};
/// Newest first.
Result<List<UserRow>> list(sql::Connection& sql, const RealmId& realm,
                           std::optional<Position> before, std::size_t limit);
Result<void> insert(Transaction& tx, const UserRow& row);
Result<void> update(Transaction& tx, const UserRow& row);
}  // namespace users_table

namespace credentials_table {
/// Of one user, newest first.
Result<List<CredentialRow>> all(sql::Connection& sql, const RealmId& realm, const UserId& user);
/// Inserts or replaces the credential of that id.
Result<void> put(Transaction& tx, const CredentialRow& row);
Result<void> remove(Transaction& tx, const RealmId& realm, const UserId& user,
                    const CredentialId& id);
}  // namespace credentials_table

namespace roles_table {
/// A realm's own role, or a client's.
Result<std::optional<RoleRow>> find(sql::Connection& sql, const RealmId& realm, const RoleId& id);
Result<std::optional<RoleRow>> find_by_name(sql::Connection& sql, const RealmId& realm,
                                            std::optional<ClientId> client, std::string_view name);
Result<List<RoleRow>> list(sql::Connection& sql, const RealmId& realm,
                           std::optional<ClientId> client, std::optional<RoleId> before,
                           std::size_t limit);
/// The permissions of every role of a realm, its clients' too.
struct Permissions {
    RoleId id;
    std::string permissions;  ///< JSON array
};
Result<List<Permissions>> permissions(sql::Connection& sql, const RealmId& realm);
/// Of the realm itself (no client), or of a client.
Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm,
                           std::optional<ClientId> client);
Result<void> insert(Transaction& tx, const RoleRow& row);
Result<void> update(Transaction& tx, const RoleRow& row);
/// With its assignments.
Result<void> remove(Transaction& tx, const RealmId& realm, const RoleId& id);
}  // namespace roles_table

namespace user_roles_table {
/// The roles of a user, newest first.
Result<List<RoleRow>> list(sql::Connection& sql, const RealmId& realm, const UserId& user,
                           std::optional<RoleId> before, std::size_t limit);
/// The permissions of each of a user's roles, JSON arrays.
Result<List<std::string>> permissions(sql::Connection& sql, const RealmId& realm,
                                      const UserId& user);
enum class Holder { any, with_credential };
/// An enabled user that has the role.
Result<std::optional<UserId>> enabled_holder(sql::Connection& sql, const RealmId& realm,
                                             const RoleId& role, Holder which);
/// Returns whether it was not there before.
Result<bool> insert(Transaction& tx, const RealmId& realm, const UserId& user, const RoleId& role);
/// Returns whether it was there.
Result<bool> remove(Transaction& tx, const RealmId& realm, const UserId& user, const RoleId& role);
}  // namespace user_roles_table

namespace service_account_roles_table {
/// The roles of a client's service account, newest first.
Result<List<RoleId>> list(sql::Connection& sql, const RealmId& realm, const ClientId& client);
/// The permissions of each of them, JSON arrays.
Result<List<std::string>> permissions(sql::Connection& sql, const RealmId& realm,
                                      const ClientId& client);
Result<void> replace(Transaction& tx, const RealmId& realm, const ClientId& client,
                     const std::vector<RoleId>& roles);
}  // namespace service_account_roles_table

namespace clients_table {
Result<std::optional<ClientRow>> find(sql::Connection& sql, const RealmId& realm,
                                      const ClientId& id);
Result<std::optional<ClientRow>> find_by_client_id(sql::Connection& sql, const RealmId& realm,
                                                   std::string_view client_id);
Result<List<ClientRow>> list(sql::Connection& sql, const RealmId& realm,
                             std::optional<ClientId> before, std::size_t limit);
Result<void> insert(Transaction& tx, const ClientRow& row);
Result<void> update(Transaction& tx, const ClientRow& row);
/// With its roles, their assignments, its redirect URIs, its service account's roles and tokens.
Result<void> remove(Transaction& tx, const RealmId& realm, const ClientId& id);
}  // namespace clients_table

namespace redirect_uris_table {
Result<std::optional<RedirectUriRow>> find(sql::Connection& sql, const RealmId& realm,
                                           const ClientId& client, const RedirectUriId& id);
Result<std::optional<RedirectUriRow>> find_by_value(sql::Connection& sql, const RealmId& realm,
                                                    const ClientId& client, std::string_view value);
Result<List<RedirectUriRow>> list(sql::Connection& sql, const RealmId& realm,
                                  const ClientId& client, std::optional<RedirectUriId> before,
                                  std::size_t limit);
Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm, const ClientId& client);
Result<void> insert(Transaction& tx, const RedirectUriRow& row);
Result<void> update(Transaction& tx, const RedirectUriRow& row);
Result<void> remove(Transaction& tx, const RealmId& realm, const ClientId& client,
                    const RedirectUriId& id);
}  // namespace redirect_uris_table

namespace password_resets_table {
Result<std::optional<PasswordResetRow>> find(sql::Connection& sql, const RealmId& realm,
                                             std::string_view hash);
/// When those of an account and of that origin were made, since `since`, newest first, void ones
/// too.
Result<std::vector<Timestamp>> made_since(sql::Connection& sql, const RealmId& realm,
                                          const UserId& user, ResetOrigin origin, Timestamp since);
Result<void> insert(Transaction& tx, const PasswordResetRow& row);
/// Every one of an account that is not void yet. Returns how many.
Result<std::int64_t> void_all(Transaction& tx, const RealmId& realm, const UserId& user,
                              Timestamp at);
/// The same of those that strangers asked for.
Result<std::int64_t> void_of_strangers(Transaction& tx, const RealmId& realm, const UserId& user,
                                       Timestamp at);
/// Removes at most `limit` made before `time`; returns how many.
Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit);
}  // namespace password_resets_table

namespace sealed_resets_table {
Result<std::optional<SealedResetRow>> find(sql::Connection& sql, const RealmId& realm,
                                           const DeliveryId& delivery);
Result<void> insert(Transaction& tx, const SealedResetRow& row);
/// Every one, for sealing them again.
Result<std::vector<SealedResetRow>> all(sql::Connection& sql);
Result<void> update_sealed(Transaction& tx, const SealedResetRow& row);
/// Of one user, those whose token is void.
Result<std::int64_t> remove_void(Transaction& tx, const RealmId& realm, const UserId& user);
Result<std::int64_t> remove_of_webhook(Transaction& tx, const RealmId& realm,
                                       const WebhookId& webhook);
/// Removes at most `limit` that ended before `time`; returns how many.
Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit);
}  // namespace sealed_resets_table

namespace sessions_table {
Result<std::optional<SessionRow>> find_by_hash(sql::Connection& sql, std::string_view hash);
Result<std::optional<SessionRow>> find(sql::Connection& sql, const RealmId& realm,
                                       const SessionId& id);
/// Of one user, or of all.
Result<List<SessionRow>> list(sql::Connection& sql, const RealmId& realm,
                              std::optional<UserId> user, std::optional<SessionId> before,
                              std::size_t limit);
Result<void> insert(Transaction& tx, const SessionRow& row);
/// That it was used, and until when it now lasts.
Result<void> touch(Transaction& tx, const RealmId& realm, const SessionId& id, Timestamp used_at,
                   Timestamp expires_at);
Result<bool> remove(Transaction& tx, const RealmId& realm, const SessionId& id);
Result<std::int64_t> remove_of_user(Transaction& tx, const RealmId& realm, const UserId& user);
/// Removes at most `limit` that ended before `time`; returns how many.
Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit);
}  // namespace sessions_table

namespace oauth_tokens_table {
Result<std::optional<OauthTokenRow>> find_by_hash(sql::Connection& sql, std::string_view hash);
Result<void> insert(Transaction& tx, const OauthTokenRow& row);
Result<bool> remove(Transaction& tx, const RealmId& realm, const OauthTokenId& id);
Result<std::int64_t> remove_of_client(Transaction& tx, const RealmId& realm,
                                      const ClientId& client);
/// Removes at most `limit` that ended before `time`; returns how many.
Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit);
}  // namespace oauth_tokens_table

namespace api_keys_table {
Result<List<ApiKeyRow>> all(sql::Connection& sql);
Result<std::optional<ApiKeyRow>> find(sql::Connection& sql, const RealmId& realm,
                                      const ApiKeyId& id);
Result<std::optional<ApiKeyRow>> find_by_name(sql::Connection& sql, const RealmId& realm,
                                              std::string_view name);
Result<List<ApiKeyRow>> list(sql::Connection& sql, const RealmId& realm,
                             std::optional<ApiKeyId> before, std::size_t limit);
Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm);
/// Those that this actor made, in any realm, newest first.
Result<List<ApiKeyRow>> made_by(sql::Connection& sql, std::string_view actor_id);
/// At most `limit` that ended before `time`.
Result<List<ApiKeyRow>> ended(sql::Connection& sql, Timestamp time, std::size_t limit);
/// Inserts or replaces the key of that realm and id.
Result<void> put(Transaction& tx, const ApiKeyRow& row);
/// That it was used.
Result<void> touch(Transaction& tx, const RealmId& realm, const ApiKeyId& id, Timestamp used_at);
Result<bool> remove(Transaction& tx, const RealmId& realm, const ApiKeyId& id);
}  // namespace api_keys_table

namespace event_types_table {
Result<std::optional<EventTypeRow>> find(sql::Connection& sql, const RealmId& realm,
                                         std::string_view name);
/// All of them, by name (limits::event_types_per_realm_max).
Result<List<EventTypeRow>> all(sql::Connection& sql, const RealmId& realm);
/// Their names alone, for the matcher.
Result<std::vector<std::string>> names(sql::Connection& sql, const RealmId& realm);
Result<void> insert(Transaction& tx, const EventTypeRow& row);
Result<void> update(Transaction& tx, const EventTypeRow& row);
Result<void> remove(Transaction& tx, const RealmId& realm, std::string_view name);
}  // namespace event_types_table

namespace webhooks_table {
/// Tombstones are found too: look at `deleted_at`.
Result<std::optional<WebhookRow>> find(sql::Connection& sql, const RealmId& realm,
                                       const WebhookId& id);
/// Without tombstones.
Result<List<WebhookRow>> list(sql::Connection& sql, const RealmId& realm,
                              std::optional<WebhookId> before, std::size_t limit);
/// Of every realm, tombstones too, in no order: for the engine's start and for re-sealing.
Result<List<WebhookRow>> all(sql::Connection& sql);
Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm);
Result<void> insert(Transaction& tx, const WebhookRow& row);
Result<void> update(Transaction& tx, const WebhookRow& row);
/// Removes the row of a tombstone, its versions and its health.
Result<void> purge(Transaction& tx, const RealmId& realm, const WebhookId& id);

/// What the matcher needs of the enabled webhooks of a realm.
struct Subscription {
    WebhookId webhook;
    std::string events;    ///< JSON array
    std::string controls;  ///< JSON object
    bool ordered = false;
};
Result<List<Subscription>> subscriptions(sql::Connection& sql, const RealmId& realm);
}  // namespace webhooks_table

namespace webhook_versions_table {
/// Where the newest version of any webhook of a realm begins.
Result<std::optional<Uuid>> latest(sql::Connection& sql, const RealmId& realm);
Result<void> append(Transaction& tx, const WebhookVersionRow& row);
/// The version that held when the event with this id was accepted; nullopt before the first.
Result<std::optional<WebhookVersionRow>> at(sql::Connection& sql, const RealmId& realm,
                                            const WebhookId& webhook, const Uuid& event);
/// Oldest first.
Result<List<WebhookVersionRow>> all(sql::Connection& sql, const RealmId& realm,
                                    const WebhookId& webhook);
}  // namespace webhook_versions_table

namespace webhook_health_table {
Result<std::optional<WebhookHealthRow>> find(sql::Connection& sql, const RealmId& realm,
                                             const WebhookId& webhook);
Result<List<WebhookHealthRow>> all(sql::Connection& sql);
Result<void> put(Transaction& tx, const WebhookHealthRow& row);
Result<void> clear(Transaction& tx, const RealmId& realm, const WebhookId& webhook);
/// The time that the server was down does not count.
Result<void> shift_all(Transaction& tx, Duration by);
}  // namespace webhook_health_table

struct EventFilter {
    std::string type;  ///< exact, "prefix.*", or "" for any
    std::optional<ResourceId> resource_id;
    std::optional<Timestamp> since;  ///< by accepted_at, inclusive
    std::optional<Timestamp> until;  ///< exclusive
};

namespace events_table {
/// For a secret that an older version left in it.
Result<void> replace_data(Transaction& tx, const RealmId& realm, const EventId& id,
                          std::string_view data);
Result<void> insert(Transaction& tx, const EventRow& row);
Result<void> insert_all(Transaction& tx, std::span<const EventRow> rows);
Result<std::optional<EventRow>> find(sql::Connection& sql, const RealmId& realm, const EventId& id);
Result<bool> exists(sql::Connection& sql, const RealmId& realm, const EventId& id);
/// Whether an event is to be shown where those accepted before `since` are past their retention:
/// one of which a delivery is pending still is.
Result<bool> is_kept(sql::Connection& sql, const RealmId& realm, const EventId& id,
                     Timestamp since);
/// Without tests.
Result<List<EventRow>> list(sql::Connection& sql, const RealmId& realm, const EventFilter& filter,
                            std::optional<EventId> before, std::size_t limit);
/// Ids and types in ascending order above `after`, for recover. Without tests.
struct Head {
    EventId id;
    std::string type;
};
Result<List<Head>> ascending(sql::Connection& sql, const RealmId& realm, const Uuid& after,
                             const Uuid& until, std::size_t limit);
/// Ids in ascending order in (after, until), for retention. With tests.
Result<List<EventId>> ids(sql::Connection& sql, const RealmId& realm, const Uuid& after,
                          const Uuid& until, std::size_t limit);
/// Removes an event with its deliveries and their attempts, unless one is pending; of a wide
/// fan-out at most `limit` deliveries at a time. Returns how many rows went, attempts aside; the
/// event is the last.
Result<std::int64_t> expire(Transaction& tx, const RealmId& realm, const EventId& id,
                            std::size_t limit);
}  // namespace events_table

struct DeliveryFilter {
    std::optional<WebhookId> webhook;
    std::optional<EventId> event;
    std::optional<DeliveryState> state;
    std::string event_type;               ///< exact, or "" for any
    std::optional<Timestamp> since = {};  ///< by when it was made, inclusive
    std::optional<Timestamp> until = {};  ///< exclusive
    /// By when the event was accepted, inclusive.
    std::optional<Timestamp> event_since = {};
};

/// A delivery for showing: with its event's head and its last attempt's outcome.
struct DeliveryView {
    DeliveryRow row;
    std::string event_type;
    ResourceId resource_id;
    std::optional<OutcomeReason> last_outcome;
    int last_status = 0;
    std::string last_detail;
};

/// A pending delivery with what sending it needs.
struct DueDelivery {
    DeliveryRow row;
    SharedEvent event;
};

namespace deliveries_table {
Result<void> insert(Transaction& tx, const DeliveryRow& row);
Result<void> insert_all(Transaction& tx, std::span<const DeliveryRow> rows);
Result<std::optional<DeliveryView>> find(sql::Connection& sql, const RealmId& realm,
                                         const DeliveryId& id);
Result<List<DeliveryView>> list(sql::Connection& sql, const RealmId& realm,
                                const DeliveryFilter& filter, std::optional<DeliveryId> before,
                                std::size_t limit);
/// How many deliveries of an event are in which state, tests too.
struct StateCounts {
    std::int64_t pending = 0;
    std::int64_t delivered = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;
};
Result<StateCounts> count_by_state(sql::Connection& sql, const RealmId& realm,
                                   const EventId& event);
/// The delivery of an event to a webhook, the newest that is no test.
Result<std::optional<DeliveryView>> find_of(sql::Connection& sql, const RealmId& realm,
                                            const EventId& event, const WebhookId& webhook);
/// Pending ones of a lane that are due at `since` or later, by (due_at, id), at most `limit` and
/// about `bytes_max` of bodies; beside them some that wait for another of their resource.
/// `complete` tells whether the read reached the lane's end.
struct Due {
    std::vector<DueDelivery> deliveries;
    /// Those that cannot be sent, because they or their event cannot be read.
    struct Unreadable {
        RealmId realm;
        DeliveryId id;
        std::string reason;
    };
    std::vector<Unreadable> unreadable = {};
    std::vector<order_table::Blocked> blocked = {};  ///< those whose turn it is not
    bool complete = true;
};
Result<Due> due(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                Timestamp since, std::size_t limit, std::size_t bytes_max);

/// Writes state, reason, attempts, positions, times of `row` where it is still pending or, when
/// `row.state` is delivered, cancelled. Returns whether it did.
Result<bool> settle(Transaction& tx, const DeliveryRow& row);
/// settle() of several; `settled[i]` belongs to `rows[i]`. Requires: no delivery comes twice.
Result<void> settle_all(Transaction& tx, std::span<const DeliveryRow* const> rows,
                        std::vector<bool>& settled);
/// Counts an attempt of a delivery whose state settle() left alone (cancelled while in flight).
Result<void> count_attempt(Transaction& tx, const DeliveryRow& row);
/// Takes a final delivery back to pending, due now. Returns whether it was final. One that holds
/// its resource goes on in its order, any other is outside of it.
Result<bool> revive(Transaction& tx, const RealmId& realm, const DeliveryId& id, Timestamp due_at);
Result<bool> has_pending(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook);
/// Makes a pending delivery `failed` without an attempt. Returns whether it was pending.
Result<bool> set_aside(Transaction& tx, const RealmId& realm, const DeliveryId& id,
                       std::string_view reason);
/// Counts one more crash of a delivery that was alone in flight; `failed` at the limit. No-op when
/// final.
Result<void> count_crash(Transaction& tx, const DeliveryId& id, const RealmId& realm);
}  // namespace deliveries_table

namespace attempts_table {
Result<void> insert(Transaction& tx, const AttemptRow& row);
Result<void> insert_all(Transaction& tx, std::span<const AttemptRow* const> rows);
/// Of one delivery, in order.
Result<List<AttemptRow>> all(sql::Connection& sql, const RealmId& realm,
                             const DeliveryId& delivery);
}  // namespace attempts_table

/// What tells that something in a realm has changed: its newest rows, and how much is open.
struct PulseRow {
    std::optional<EventId> newest_event;
    std::optional<DeliveryId> newest_delivery;
    std::optional<Uuid> newest_change;  ///< of the audit log
    std::int64_t pending = 0;           ///< deliveries; counted up to `count_max`, as `failed` is
    std::int64_t failed = 0;
    bool operator==(const PulseRow&) const = default;
};
Result<PulseRow> read_pulse(sql::Connection& sql, const RealmId& realm, std::int64_t count_max);

namespace idempotency_table {
struct Kept {
    std::string body_sha256;
    std::string answer;
};
Result<std::optional<Kept>> find(sql::Connection& sql, const RealmId& realm,
                                 const IdempotencyKey& key, Timestamp not_before);
Result<void> put(Transaction& tx, const RealmId& realm, const IdempotencyKey& key,
                 std::string_view answer);
/// Removes at most `limit` keys made before `time`; returns how many.
Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit);
}  // namespace idempotency_table

namespace operations_table {
Result<std::optional<OperationRow>> find(sql::Connection& sql, const RealmId& realm,
                                         const OperationId& id);
/// Those that run, and those begun at `since` or later.
Result<List<OperationRow>> list(sql::Connection& sql, const RealmId& realm, Timestamp since,
                                std::optional<OperationId> before, std::size_t limit);
/// The realms in which some run.
Result<std::vector<RealmId>> realms_with_running(sql::Connection& sql);
struct Running {
    std::string key;                  ///< its id as it is stored, which may be none
    std::optional<OperationRow> row;  ///< none: it cannot be read
    std::string problem;              ///< why; names table, column and key
};
/// Those that run in a realm, by their keys.
Result<std::vector<Running>> running(sql::Connection& sql, const RealmId& realm);
/// Ends one as failed, if it still runs. It need not be readable: `key` is as in Running.
Result<void> fail(Transaction& tx, const RealmId& realm, std::string_view key,
                  std::string_view detail);
Result<void> insert(Transaction& tx, const OperationRow& row);
Result<void> update(Transaction& tx, const OperationRow& row);
/// Removes at most `limit` ended ones with ids below `until`; returns how many.
Result<std::int64_t> expire(Transaction& tx, const RealmId& realm, const Uuid& until,
                            std::size_t limit);
/// Whether there are any.
Result<bool> has_older(sql::Connection& sql, const RealmId& realm, const Uuid& until);
}  // namespace operations_table

/// Empty members match everything.
struct AuditFilter {
    std::string action;  ///< exact, or a prefix with ".*"
    std::string actor_id;
    std::string resource_id;
    std::optional<Timestamp> since;  ///< inclusive
    std::optional<Timestamp> until;  ///< exclusive
};

namespace audit_table {
Result<void> insert(Transaction& tx, const AuditRow& row);
Result<List<AuditRow>> list(sql::Connection& sql, const RealmId& realm, const AuditFilter& filter,
                            std::optional<Uuid> before, std::size_t limit);
/// Removes at most `limit` with ids below `until`; returns how many.
Result<std::int64_t> expire(Transaction& tx, const RealmId& realm, const Uuid& until,
                            std::size_t limit);
/// Whether there are any.
Result<bool> has_older(sql::Connection& sql, const RealmId& realm, const Uuid& until);
}  // namespace audit_table

}  // namespace postrider::store
