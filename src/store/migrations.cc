#include "store/migrations.h"

#include <array>

namespace postrider::store {
namespace {

// Ids are 16 bytes, times microseconds since 1970 UTC, enums their names (model/states.h).
// The realm leads every key, so that the tables can be distributed by it.
constexpr const char* first = R"sql(
CREATE TABLE store_state (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTES NOT NULL
) CLUSTERED;

CREATE TABLE realms (
    id BYTES NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    settings TEXT NOT NULL,
    config_version BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) CLUSTERED;

CREATE TABLE api_keys (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    name TEXT NOT NULL,
    hash BYTES NOT NULL UNIQUE,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;

CREATE TABLE event_types (
    realm_id BYTES NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    data_schema TEXT NOT NULL,
    example TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, name)
) CLUSTERED;

CREATE TABLE webhooks (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    header_names TEXT NOT NULL,
    headers BYTES NOT NULL,
    events TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    disabled_reason TEXT NOT NULL,
    timeout BIGINT,
    retry_schedule TEXT,
    signing TEXT NOT NULL,
    secret BYTES NOT NULL,
    previous_secret BYTES NOT NULL,
    previous_expires_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;

CREATE TABLE webhook_versions (
    realm_id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    since BYTES NOT NULL,
    enabled BIGINT NOT NULL,
    reason TEXT NOT NULL,
    events TEXT NOT NULL,
    PRIMARY KEY (realm_id, webhook_id, since)
) CLUSTERED;

CREATE TABLE webhook_health (
    realm_id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    first_failure_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (realm_id, webhook_id)
) CLUSTERED;

CREATE TABLE events (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    type TEXT NOT NULL,
    resource_id BYTES NOT NULL,
    timestamp BIGINT NOT NULL,
    origin TEXT NOT NULL,
    data BYTES NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE INDEX events_by_type ON events (realm_id, type, id);
CREATE INDEX events_by_resource ON events (realm_id, resource_id, id);

CREATE TABLE deliveries (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    event_id BYTES NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    test BIGINT NOT NULL,
    by_hand BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    schedule_position BIGINT NOT NULL,
    internal_failures BIGINT NOT NULL,
    crashes BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    pending_since BIGINT NOT NULL,
    last_attempt_at BIGINT,
    finished_at BIGINT,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE INDEX deliveries_by_event ON deliveries (realm_id, event_id, webhook_id);
CREATE INDEX deliveries_by_webhook ON deliveries (realm_id, webhook_id, id);
-- What a lane is refilled from.
CREATE INDEX deliveries_due ON deliveries (realm_id, webhook_id, due_at, id)
    WHERE state = 'pending';
-- What has not arrived; what has is most of the table and needs no index.
CREATE INDEX deliveries_open ON deliveries (realm_id, state, id) WHERE state <> 'delivered';

CREATE TABLE attempts (
    realm_id BYTES NOT NULL,
    delivery_id BYTES NOT NULL,
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    status BIGINT NOT NULL,
    url TEXT NOT NULL,
    request_headers TEXT NOT NULL,
    response_headers TEXT NOT NULL,
    response_body BYTES NOT NULL,
    response_truncated BIGINT NOT NULL,
    peer TEXT NOT NULL,
    dns_us BIGINT NOT NULL,
    connect_us BIGINT NOT NULL,
    tls_us BIGINT NOT NULL,
    first_byte_us BIGINT NOT NULL,
    total_us BIGINT NOT NULL,
    next_attempt_at BIGINT,
    PRIMARY KEY (realm_id, delivery_id, number)
) CLUSTERED;

CREATE TABLE idempotency_keys (
    realm_id BYTES NOT NULL,
    route TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    body_sha256 BYTES NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, route, idempotency_key)
) CLUSTERED;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE operations (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    kind TEXT NOT NULL,
    params TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    position TEXT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE INDEX operations_running ON operations (state) WHERE state = 'running';

CREATE TABLE audit (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
)sql";

// The identity directory. Keys that compare (username_key, email_key) are in lower case.
constexpr const char* directory = R"sql(
CREATE TABLE users (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    email_verified BIGINT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    attributes TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX users_by_username ON users (realm_id, username_key);
CREATE UNIQUE INDEX users_by_email ON users (realm_id, email_key) WHERE email_key IS NOT NULL;

CREATE TABLE credentials (
    realm_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    id BYTES NOT NULL,
    type TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, user_id, id)
) CLUSTERED;

CREATE TABLE clients (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    type TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    secret_hash BYTES NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX clients_by_client_id ON clients (realm_id, client_id);

CREATE TABLE redirect_uris (
    realm_id BYTES NOT NULL,
    client_id BYTES NOT NULL,
    id BYTES NOT NULL,
    value TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, client_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX redirect_uris_by_value ON redirect_uris (realm_id, client_id, value);

-- Of the realm (client_id is NULL) or of a client.
CREATE TABLE roles (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    client_id BYTES,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX roles_of_realm ON roles (realm_id, name) WHERE client_id IS NULL;
CREATE UNIQUE INDEX roles_of_client ON roles (realm_id, client_id, name)
    WHERE client_id IS NOT NULL;

CREATE TABLE user_roles (
    realm_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    role_id BYTES NOT NULL,
    PRIMARY KEY (realm_id, user_id, role_id)
) CLUSTERED;
CREATE INDEX user_roles_by_role ON user_roles (realm_id, role_id, user_id);

-- What a confidential client may do itself, with a token of client_credentials.
CREATE TABLE service_account_roles (
    realm_id BYTES NOT NULL,
    client_id BYTES NOT NULL,
    role_id BYTES NOT NULL,
    PRIMARY KEY (realm_id, client_id, role_id)
) CLUSTERED;
CREATE INDEX service_account_roles_by_role ON service_account_roles (realm_id, role_id, client_id);

-- Kept an hour beyond their use, for the limit of an account.
CREATE TABLE password_resets (
    realm_id BYTES NOT NULL,
    hash BYTES NOT NULL,
    user_id BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    voided_at BIGINT,
    PRIMARY KEY (realm_id, hash)
) CLUSTERED;
CREATE INDEX password_resets_by_user ON password_resets (realm_id, user_id, created_at);
CREATE INDEX password_resets_by_age ON password_resets (created_at);

CREATE TABLE sessions (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    hash BYTES NOT NULL UNIQUE,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE INDEX sessions_by_user ON sessions (realm_id, user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE oauth_tokens (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    client_id BYTES NOT NULL,
    hash BYTES NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE INDEX oauth_tokens_by_client ON oauth_tokens (realm_id, client_id, id);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at);

-- A deleted realm stays until its rows are gone; its name is then its id, which none can be named.
ALTER TABLE realms ADD COLUMN deleted_at BIGINT;
)sql";

// Who reads the audit log asks for one resource, or for one actor.
constexpr const char* audit_indexes = R"sql(
CREATE INDEX audit_by_resource ON audit (realm_id, resource_id, id);
CREATE INDEX audit_by_actor ON audit (realm_id, actor_id, id);
)sql";

// Who asked for a reset, and what its user could do then; who made an API key, "" of those made
// before. The text of a reset token lies in sealed_resets while the one delivery that carries it
// may still be sent.
constexpr const char* powers = R"sql(
ALTER TABLE password_resets ADD COLUMN origin TEXT NOT NULL DEFAULT 'authority';
ALTER TABLE password_resets ADD COLUMN power TEXT NOT NULL DEFAULT '';

ALTER TABLE api_keys ADD COLUMN made_by_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN made_by_id TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN made_by_name TEXT NOT NULL DEFAULT '';
CREATE INDEX api_keys_by_maker ON api_keys (made_by_id);

CREATE TABLE sealed_resets (
    realm_id BYTES NOT NULL,
    delivery_id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    hash BYTES NOT NULL,
    sealed BYTES NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, delivery_id)
) CLUSTERED;
CREATE INDEX sealed_resets_by_user ON sealed_resets (realm_id, user_id);
CREATE INDEX sealed_resets_by_expiry ON sealed_resets (expires_at);
)sql";

// Users are listed by the time of their creation: their ids may come from elsewhere.
constexpr const char* users_by_age = R"sql(
CREATE INDEX users_by_age ON users (realm_id, created_at, id);
)sql";

// An event with very many deliveries has them written part by part, so that others can write in
// between: `webhooks` are the ids, 16 bytes each, of those that a part is still to be written for.
constexpr const char* fan_outs = R"sql(
CREATE TABLE fan_outs (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    event_id BYTES NOT NULL,
    config_version BIGINT NOT NULL,
    webhooks BYTES NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
)sql";

// SQLite's index of resources (resource_index.h); empty on PostgreSQL, which has
// events_by_resource.
constexpr const char* resource_slices = R"sql(
CREATE TABLE resource_slices (
    realm_id BYTES NOT NULL,
    slice BIGINT NOT NULL,
    first_id BYTES NOT NULL,
    last_id BYTES NOT NULL,
    PRIMARY KEY (realm_id, slice)
) CLUSTERED;
CREATE TABLE resource_entries (
    slice BIGINT NOT NULL,
    resource_id BYTES NOT NULL,
    id BYTES NOT NULL,
    PRIMARY KEY (slice, resource_id, id)
) CLUSTERED;
)sql";

// Counters. outcome_log has a row for each transaction that counted something, until it is folded
// into `counters`: there a nil webhook_id stands for the whole realm, `grain` is a number of
// seconds. webhook_results tells how a webhook's attempts ended lately. The names of deleted
// webhooks stay as long as what was counted of them.
constexpr const char* counters = R"sql(
CREATE TABLE outcome_log (
    id BYTES NOT NULL PRIMARY KEY,
    entries BYTES NOT NULL
) CLUSTERED;

CREATE TABLE counters (
    realm_id BYTES NOT NULL,
    grain BIGINT NOT NULL,
    since BIGINT NOT NULL,
    webhook_id BYTES NOT NULL,
    counts BYTES NOT NULL,
    PRIMARY KEY (realm_id, grain, since, webhook_id)
) CLUSTERED;

CREATE TABLE webhook_results (
    realm_id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    success_at BIGINT,
    failing_since BIGINT,
    failures BIGINT NOT NULL,
    failure_at BIGINT,
    outcome TEXT NOT NULL,
    status BIGINT NOT NULL,
    PRIMARY KEY (realm_id, webhook_id)
) CLUSTERED;

CREATE TABLE deleted_webhooks (
    realm_id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    name TEXT NOT NULL,
    deleted_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, webhook_id)
) CLUSTERED;
CREATE INDEX deleted_webhooks_by_age ON deleted_webhooks (realm_id, deleted_at);
)sql";

// What is pending of a webhook that was disabled or deleted is cancelled part by part, too. A
// webhook's id of sixteen zero bytes means all webhooks of a realm that is deleted.
constexpr const char* cancellations = R"sql(
CREATE TABLE cancellations (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    reason TEXT NOT NULL,
    cancelled_at BIGINT NOT NULL,
    except_event BYTES,
    before_id BYTES,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
CREATE INDEX cancellations_by_webhook ON cancellations (realm_id, webhook_id);
)sql";

// Who looks for a part of a user's name reads through this index, and not through the users.
constexpr const char* users_by_words = R"sql(
CREATE INDEX users_by_words ON users (realm_id, username_key, email_key, first_name, last_name, id);
)sql";

// What a webhook asks of its deliveries beyond where they go (webhooks/controls.h).
constexpr const char* controls = R"sql(
ALTER TABLE webhooks ADD COLUMN controls TEXT NOT NULL DEFAULT '{}';
)sql";

// Who reads the log forward, and how far. `tx` is 0 on SQLite, and of a position that came from it.
constexpr const char* consumers = R"sql(
CREATE TABLE consumers (
    realm_id BYTES NOT NULL,
    name TEXT NOT NULL,
    events TEXT NOT NULL,
    tx BIGINT NOT NULL,
    event_id BYTES NOT NULL,
    seen_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, name)
) CLUSTERED;
)sql";

// What has changed in a realm since its webhooks were last read, and when that was.
constexpr const char* versions_by_time = R"sql(
CREATE INDEX webhook_versions_by_time ON webhook_versions (realm_id, since);
)sql";

// Deliveries of an import that are still to be written: of each of its events to each webhook.
constexpr const char* fan_out_sets = R"sql(
CREATE TABLE fan_out_sets (
    realm_id BYTES NOT NULL,
    id BYTES NOT NULL,
    events BYTES NOT NULL,
    config_version BIGINT NOT NULL,
    webhooks BYTES NOT NULL,
    PRIMARY KEY (realm_id, id)
) CLUSTERED;
)sql";

// Roles that are gone, and still to be taken from many who had them; and the last of a client's
// tokens that are void, which may be millions.
constexpr const char* removals = R"sql(
CREATE TABLE removed_roles (
    realm_id BYTES NOT NULL,
    role_id BYTES NOT NULL,
    PRIMARY KEY (realm_id, role_id)
) CLUSTERED;
ALTER TABLE clients ADD COLUMN tokens_after BYTES;
)sql";

// Webhooks whose receiver is left alone, and until when (breakers_table.h). `wait` in microseconds.
constexpr const char* breakers = R"sql(
CREATE TABLE breakers (
    realm_id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    opened_at BIGINT NOT NULL,
    next_probe_at BIGINT NOT NULL,
    wait BIGINT NOT NULL,
    PRIMARY KEY (realm_id, webhook_id)
) CLUSTERED;
)sql";

// The filter of a webhook's version, beside its event types.
constexpr const char* version_filters = R"sql(
ALTER TABLE webhook_versions ADD COLUMN filter TEXT NOT NULL DEFAULT '';
)sql";

// The secret of what a webhook authenticates itself with (webhooks/authentication.h), sealed.
constexpr const char* credentials = R"sql(
ALTER TABLE webhooks ADD COLUMN credential BYTES NOT NULL DEFAULT '';
)sql";

// Deliveries that keep the order of their resource (store/order_table.h): each has a row of
// order_queue until it is final, and while it is held. `tx` comes before the id where transactions
// run side by side: PostgreSQL sets another default (postgresql_feed.cc), above which is no
// transaction's number.
constexpr const char* orders = R"sql(
ALTER TABLE webhooks ADD COLUMN ordered BIGINT NOT NULL DEFAULT 0;
CREATE INDEX webhooks_ordered ON webhooks (realm_id, id) WHERE ordered = 1;
ALTER TABLE webhook_versions ADD COLUMN ordered BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN ordered BIGINT NOT NULL DEFAULT 0;

CREATE TABLE order_queue (
    realm_id BYTES NOT NULL,
    delivery_id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    resource_id BYTES NOT NULL,
    tx BIGINT NOT NULL DEFAULT 4611686018427387904,
    held_at BIGINT,
    PRIMARY KEY (realm_id, delivery_id)
) CLUSTERED;
CREATE INDEX order_of_resource ON order_queue (realm_id, webhook_id, resource_id, tx, delivery_id);
CREATE INDEX order_held ON order_queue (realm_id, webhook_id, resource_id, delivery_id)
    WHERE held_at IS NOT NULL;
)sql";

// Failed deliveries that are not told yet (failure_notices_table.h). A webhook of `master` may take
// the events of all realms.
constexpr const char* operational = R"sql(
CREATE TABLE failure_notices (
    realm_id BYTES NOT NULL,
    webhook_id BYTES NOT NULL,
    told_at BIGINT NOT NULL,
    since BIGINT NOT NULL,
    untold BIGINT NOT NULL,
    holds_too_many BIGINT NOT NULL,
    last TEXT NOT NULL,
    PRIMARY KEY (realm_id, webhook_id)
) CLUSTERED;
CREATE INDEX failure_notices_by_age ON failure_notices (told_at, realm_id, webhook_id);
ALTER TABLE webhook_versions ADD COLUMN all_realms BIGINT NOT NULL DEFAULT 0;
)sql";

// The W3C trace context that an event was published with (model/trace.h).
constexpr const char* traces = R"sql(
ALTER TABLE events ADD COLUMN trace TEXT;
)sql";

// Which events of `master` are copies of other realms' (event_copies_table.h).
constexpr const char* event_copies = R"sql(
CREATE TABLE event_copies (
    realm_id BYTES NOT NULL,
    event_id BYTES NOT NULL,
    source_id BYTES NOT NULL,
    PRIMARY KEY (realm_id, event_id)
) CLUSTERED;
CREATE INDEX event_copies_by_source ON event_copies (source_id, event_id);
)sql";

// The certificates and the key of a webhook (webhooks/receiver_tls.h), sealed.
constexpr const char* receiver_tls = R"sql(
ALTER TABLE webhooks ADD COLUMN tls BYTES NOT NULL DEFAULT '';
)sql";

constexpr std::array steps{
    first,    directory,       audit_indexes,    powers,        users_by_age,
    fan_outs, resource_slices, counters,         cancellations, users_by_words,
    controls, consumers,       versions_by_time, fan_out_sets,  removals,
    breakers, version_filters, credentials,      orders,        operational,
    traces,   event_copies,    receiver_tls};

}  // namespace

std::span<const char* const> migrations() { return steps; }

}  // namespace postrider::store
