#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/attempt.h"
#include "model/ids.h"
#include "model/reset_origin.h"
#include "model/states.h"

/// The rows of the tables, as the store keeps them: what is a list or an object there is JSON text,
/// what is secret is sealed. Their meaning lies in the folders that own them.
namespace postrider::store {

struct RealmRow {
    RealmId id;
    std::string name;
    std::string display_name;
    std::string settings;             ///< JSON object
    std::int64_t config_version = 0;  ///< goes up with every change that matching depends on
    std::int64_t version = 1;         ///< of the resource, its ETag
    Timestamp created_at;
    Timestamp updated_at;
};

struct UserRow {
    RealmId realm;
    UserId id;
    std::string username;  ///< unique in the realm, whatever the case of its ASCII letters
    std::optional<std::string> email;  ///< likewise
    bool email_verified = false;
    std::string first_name;
    std::string last_name;
    bool enabled = true;
    std::string attributes;  ///< JSON object
    std::int64_t version = 1;
    Timestamp created_at;
    Timestamp updated_at;
};

struct CredentialRow {
    RealmId realm;
    UserId user;
    CredentialId id;
    std::string type;  ///< "password"
    std::string hash;  ///< argon2id, with its parameters and salt
    Timestamp created_at;
    Timestamp updated_at;
};

struct RoleRow {
    RealmId realm;
    RoleId id;
    std::optional<ClientId> client;  ///< none: the realm's own
    std::string name;                ///< unique among the realm's, or the client's
    std::string description;
    std::string permissions;  ///< JSON array
    std::int64_t version = 1;
    Timestamp created_at;
    Timestamp updated_at;
};

struct ClientRow {
    RealmId realm;
    ClientId id;
    std::string client_id;  ///< what OAuth calls so; unique in the realm
    std::string name;
    std::string description;
    std::string type;  ///< "public", "confidential"
    bool enabled = true;
    std::string secret_hash;  ///< SHA-256 of the secret, 32 raw bytes; "" when public
    std::int64_t version = 1;
    Timestamp created_at;
    Timestamp updated_at;
};

struct RedirectUriRow {
    RealmId realm;
    ClientId client;
    RedirectUriId id;
    std::string value;  ///< as it was given: it is compared exactly
    bool enabled = true;
    std::int64_t version = 1;
    Timestamp created_at;
    Timestamp updated_at;
};

struct PasswordResetRow {
    RealmId realm;
    std::string hash;  ///< SHA-256 of the token, 32 raw bytes
    UserId user;
    Timestamp created_at;
    Timestamp expires_at;
    std::optional<Timestamp> voided_at;  ///< used, or made void by a newer one or a change
    ResetOrigin origin = ResetOrigin::authority;
    /// JSON array: what the user could do then; "" of older ones. Whoever may do more by now needs
    /// another token.
    std::string power = {};
};

/// The text of a reset token, for the one delivery that carries it; goes when the token is void.
struct SealedResetRow {
    RealmId realm;
    DeliveryId delivery;  ///< of auth.reset_password
    WebhookId webhook;
    UserId user;
    std::string hash;    ///< of the token: its password_resets row
    std::string sealed;  ///< the token
    Timestamp expires_at;
};

struct SessionRow {
    RealmId realm;
    SessionId id;
    UserId user;
    std::string hash;  ///< SHA-256 of the cookie's value, 32 raw bytes; unique in the store
    std::string user_agent;
    std::string address;
    Timestamp created_at;
    Timestamp expires_at;
    Timestamp last_used_at;
};

/// An access token of client_credentials; what it may do are the roles of its client's service
/// account at the time of use.
struct OauthTokenRow {
    RealmId realm;
    OauthTokenId id;
    ClientId client;
    std::string hash;   ///< SHA-256 of the token, 32 raw bytes; unique in the store
    std::string scope;  ///< space-separated; "" for all
    Timestamp created_at;
    Timestamp expires_at;
};

struct ApiKeyRow {
    RealmId realm;
    ApiKeyId id;
    std::string name;
    std::string hash;         ///< SHA-256 of the key, 32 raw bytes
    std::string permissions;  ///< JSON array
    Timestamp created_at;
    std::optional<Timestamp> expires_at;
    std::optional<Timestamp> last_used_at;
    /// Who made it: the actor's kind, id and the name that it had then; "" when it is not known.
    std::string made_by_kind = {};
    std::string made_by_id = {};
    std::string made_by_name = {};
};

struct EventTypeRow {
    RealmId realm;
    std::string name;
    std::string description;
    std::string schema;   ///< JSON, "" when none
    std::string example;  ///< JSON, "" when none
    std::int64_t version = 1;
    Timestamp created_at;
    Timestamp updated_at;
};

struct WebhookRow {
    RealmId realm;
    WebhookId id;
    std::string name;
    std::string description;
    std::string url;
    std::string header_names;  ///< JSON array, in order, for showing without opening
    std::string headers;       ///< sealed JSON object; "" when there are none
    std::string events;        ///< JSON array
    bool enabled = true;
    DisabledReason disabled_reason = DisabledReason::none;
    std::optional<Duration> timeout;            ///< none: the realm's
    std::optional<std::string> retry_schedule;  ///< JSON array; none: the realm's
    std::string signing;                        ///< JSON array
    std::string controls = "{}";                ///< JSON object (webhooks/controls.h)
    bool ordered = false;                       ///< as its controls say
    std::string secret;                         ///< sealed
    std::string previous_secret;                ///< sealed; "" when there is none
    std::string credential;                     ///< sealed; "" when there is none
    std::string tls;                            ///< sealed; "" when there is none
    std::optional<Timestamp> previous_expires_at;
    std::int64_t version = 1;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<Timestamp> deleted_at;  ///< a tombstone, until its own deletion is delivered
};

/// What held of a webhook from `since` on: events with an id at or above it (and below the next
/// version's) were matched by this. Nothing secret.
struct WebhookVersionRow {
    RealmId realm;
    WebhookId webhook;
    Uuid since;
    bool enabled = true;
    DisabledReason reason = DisabledReason::none;
    std::string events;       ///< JSON array
    std::string filter = {};  ///< JSON object; "" for none
    bool ordered = false;     ///< its deliveries keep the order of their resource
};

/// Consecutive failures of a webhook (promise 7); no row: none.
struct WebhookHealthRow {
    RealmId realm;
    WebhookId webhook;
    Timestamp first_failure_at;
    std::int64_t failures = 0;
};

struct EventRow {
    RealmId realm;
    EventId id;
    std::string type;
    ResourceId resource_id;
    Timestamp timestamp;
    EventOrigin origin = EventOrigin::api;
    std::string data;
    std::string trace = {};  ///< its publisher's (model/trace.h); "" for none
};

struct DeliveryRow {
    RealmId realm;
    DeliveryId id;
    WebhookId webhook;
    EventId event;
    DeliveryState state = DeliveryState::pending;
    std::string reason;  ///< why it is in that state, a sentence; "" when plain
    bool test = false;
    bool by_hand = false;  ///< redelivered: does not count towards disabling
    bool ordered = false;  ///< keeps the order of its resource (order_table.h)
    std::int64_t attempts = 0;
    std::int64_t schedule_position = 0;  ///< attempts since it was last made pending
    std::int64_t internal_failures = 0;  ///< in a row
    std::int64_t crashes = 0;            ///< in a row, found in flight at start (promise 6)
    Timestamp due_at;
    Timestamp pending_since;  ///< horizon of internal failures
    std::optional<Timestamp> last_attempt_at;
    std::optional<Timestamp> finished_at;
};

struct AttemptRow {
    RealmId realm;
    DeliveryId delivery;
    std::int64_t number = 0;
    Timestamp started_at;
    OutcomeReason outcome = OutcomeReason::accepted;
    std::string detail;
    int status = 0;
    std::string url;
    std::string request_headers;   ///< JSON array of [name, value], secrets masked
    std::string response_headers;  ///< JSON array of [name, value]
    std::string response_body;
    bool response_truncated = false;
    std::string peer;
    AttemptTimings timings;
    std::optional<Timestamp> next_attempt_at;
};

struct OperationRow {
    RealmId realm;
    OperationId id;
    std::string kind;    ///< "recover"
    std::string params;  ///< JSON object
    OperationState state = OperationState::running;
    std::string detail;  ///< why it failed
    std::string cursor;  ///< where it is; its kind's own
    std::int64_t done = 0;
    std::int64_t total = 0;
    Timestamp created_at;
    std::optional<Timestamp> finished_at;
};

struct AuditRow {
    RealmId realm;
    Uuid id;
    std::string actor_kind;  ///< "api_key", "system", …
    std::string actor_id;
    std::string action;  ///< "webhook.create"
    std::string resource_id;
    std::string detail;  ///< JSON object, nothing secret
};

}  // namespace postrider::store
