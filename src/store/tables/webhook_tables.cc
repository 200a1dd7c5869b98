// The tables of webhooks, their versions and their health.
#include "store/breakers_table.h"
#include "store/failure_notices_table.h"
#include "store/health_table.h"
#include "store/id_range.h"
#include "store/order_table.h"
#include "store/realm_ids.h"
#include "store/search.h"
#include "store/tables.h"
#include "store/versions_table.h"
#include "store/webhook_visits.h"

namespace postrider::store {

using sql::Blob;
using sql::Query;

namespace webhooks_table {
namespace {

#define WEBHOOK_COLUMNS                                                                        \
    "realm_id, id, name, description, url, header_names, headers, events, enabled, "           \
    "disabled_reason, timeout, retry_schedule, signing, secret, previous_secret, "             \
    "previous_expires_at, version, created_at, updated_at, deleted_at, controls, credential, " \
    "ordered, tls"

WebhookRow read_row(const sql::Rows& rows) {
    WebhookRow row{.realm = rows.id<RealmId>(0),
                   .id = rows.id<WebhookId>(1),
                   .name = rows.string(2),
                   .description = rows.string(3),
                   .url = rows.string(4),
                   .header_names = rows.string(5),
                   .headers = rows.bytes(6),
                   .events = rows.string(7),
                   .enabled = rows.boolean(8),
                   .disabled_reason = DisabledReason::corrupt,
                   .timeout = {},
                   .retry_schedule = {},
                   .signing = rows.string(12),
                   .controls = rows.string(20),
                   .ordered = rows.boolean(22),
                   .secret = rows.bytes(13),
                   .previous_secret = rows.bytes(14),
                   .credential = rows.bytes(21),
                   .tls = rows.bytes(23),
                   .previous_expires_at = rows.optional_time(15),
                   .version = rows.integer(16),
                   .created_at = rows.time(17),
                   .updated_at = rows.time(18),
                   .deleted_at = rows.optional_time(19)};
    if (const auto reason = parse_disabled_reason(rows.text(9))) {
        row.disabled_reason = *reason;
    } else {
        row.enabled = false;
    }
    if (!rows.is_null(10)) row.timeout = Duration{rows.integer(10)};
    if (!rows.is_null(11)) row.retry_schedule = rows.string(11);
    return row;
}

Result<List<WebhookRow>> read_all(sql::Rows& rows) {
    List<WebhookRow> found;
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<std::optional<WebhookRow>> find(sql::Connection& sql, const RealmId& realm,
                                       const WebhookId& id) {
    static constexpr Query query{"SELECT " WEBHOOK_COLUMNS
                                 " FROM webhooks WHERE realm_id = $1 AND id = $2"};
    std::optional<WebhookRow> row;
    auto rows = sql.rows(query, realm, id);
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<List<WebhookRow>> list(sql::Connection& sql, const RealmId& realm,
                              std::optional<WebhookId> before, std::size_t limit) {
    static constexpr Query query{"SELECT " WEBHOOK_COLUMNS
                                 " FROM webhooks WHERE realm_id = $1 AND deleted_at IS NULL"
                                 " AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"};
    auto rows = sql.rows(query, realm, before, limit);
    return read_all(rows);
}

Result<List<WebhookRow>> search(sql::Connection& sql, const RealmId& realm,
                                const search::WebhookFilter& filter,
                                std::optional<WebhookId> before, std::size_t limit) {
    static constexpr Query query{
        "SELECT " WEBHOOK_COLUMNS
        " FROM webhooks WHERE realm_id = $1 AND deleted_at IS NULL AND id < $2"
        " AND ($3 = '' OR LOWER(name) LIKE $3 ESCAPE '\\' OR LOWER(url) LIKE $3 ESCAPE '\\'"
        " OR (id >= $4 AND id <= $5)) AND ($6 < 0 OR enabled = $6) ORDER BY id DESC LIMIT $7"};
    // No ids: a range that is empty.
    std::pair ids{last_id(), Uuid{}};
    if (filter.text && filter.text->ids()) ids = *filter.text->ids();
    const std::string part = filter.text ? filter.text->part() : "";
    const std::int64_t enabled = filter.enabled ? (*filter.enabled ? 1 : 0) : -1;
    auto rows =
        sql.rows(query, realm, upper_bound(before), part, ids.first, ids.second, enabled, limit);
    return read_all(rows);
}

namespace {

constexpr Query every_webhook{"SELECT " WEBHOOK_COLUMNS " FROM webhooks"};

}  // namespace

Result<List<WebhookRow>> all(sql::Connection& sql) {
    auto rows = sql.rows(every_webhook);
    return read_all(rows);
}

Result<std::vector<RealmId>> realms(sql::Connection& sql) {
    static constexpr Query query{"SELECT DISTINCT realm_id FROM webhooks"};
    return read_realm_ids(sql.rows(query));
}

Result<void> visit_all(sql::Connection& sql, const std::function<void(const WebhookRow&)>& visit) {
    auto rows = sql.rows(every_webhook);
    while (rows.next()) {
        List<WebhookRow> one;
        take(rows, one, read_row);
        for (const WebhookRow& row : one) visit(row);
    }
    return rows.finish();
}

Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT count(*) FROM webhooks WHERE realm_id = $1 AND deleted_at IS NULL"};
    auto rows = sql.rows(query, realm);
    std::int64_t count = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return count;
}

Result<void> insert(Transaction& tx, const WebhookRow& row) {
    static constexpr Query query{
        "INSERT INTO webhooks (" WEBHOOK_COLUMNS
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
        "$18, $19, $20, $21, $22, $23, $24)"};
    POSTRIDER_TRY(tx.sql().run(
        query, row.realm, row.id, row.name, row.description, row.url, row.header_names,
        Blob{row.headers}, row.events, row.enabled, to_string(row.disabled_reason), row.timeout,
        row.retry_schedule, row.signing, Blob{row.secret}, Blob{row.previous_secret},
        row.previous_expires_at, row.version, row.created_at, row.updated_at, row.deleted_at,
        row.controls, Blob{row.credential}, row.ordered, Blob{row.tls}));
    return {};
}

Result<void> update(Transaction& tx, const WebhookRow& row) {
    static constexpr Query query{
        "UPDATE webhooks SET name = $3, description = $4, url = $5, header_names = $6, "
        "headers = $7, events = $8, enabled = $9, disabled_reason = $10, timeout = $11, "
        "retry_schedule = $12, signing = $13, secret = $14, previous_secret = $15, "
        "previous_expires_at = $16, version = $17, updated_at = $18, deleted_at = $19, "
        "controls = $20, credential = $21, ordered = $22, tls = $23 "
        "WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.name, row.description, row.url,
                               row.header_names, Blob{row.headers}, row.events, row.enabled,
                               to_string(row.disabled_reason), row.timeout, row.retry_schedule,
                               row.signing, Blob{row.secret}, Blob{row.previous_secret},
                               row.previous_expires_at, row.version, row.updated_at, row.deleted_at,
                               row.controls, Blob{row.credential}, row.ordered, Blob{row.tls}));
    return {};
}

Result<void> purge(Transaction& tx, const RealmId& realm, const WebhookId& id) {
    static constexpr Query webhook{"DELETE FROM webhooks WHERE realm_id = $1 AND id = $2"};
    static constexpr Query versions{
        "DELETE FROM webhook_versions WHERE realm_id = $1 AND webhook_id = $2"};
    POSTRIDER_TRY(tx.sql().run(webhook, realm, id));
    POSTRIDER_TRY(tx.sql().run(versions, realm, id));
    POSTRIDER_TRY(order_table::forget(tx, realm, id));
    POSTRIDER_TRY(breakers_table::remove(tx, realm, id));
    POSTRIDER_TRY(failure_notices_table::remove(tx, realm, id));
    return webhook_health_table::clear(tx, realm, id);
}

Result<List<Subscription>> subscriptions(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT id, events, controls, ordered FROM webhooks WHERE realm_id = $1 AND enabled = 1 "
        "AND deleted_at IS NULL"};
    List<Subscription> found;
    auto rows = sql.rows(query, realm);
    while (rows.next()) {
        take(
            rows, found,
            [](const sql::Rows& row) {
                return Subscription{row.id<WebhookId>(0), row.string(1), row.string(2),
                                    row.boolean(3)};
            },
            0);
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace webhooks_table

namespace webhook_versions_table {

Result<std::optional<Uuid>> latest(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT since FROM webhook_versions WHERE realm_id = $1 ORDER BY since DESC LIMIT 1"};
    std::optional<Uuid> since;
    auto rows = sql.rows(query, realm);
    if (rows.next()) since = rows.uuid(0);
    POSTRIDER_TRY(rows.finish());
    return since;
}
namespace {

#define VERSION_COLUMNS "realm_id, webhook_id, since, enabled, reason, events, filter, ordered"

WebhookVersionRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .webhook = rows.id<WebhookId>(1),
            .since = rows.uuid(2),
            .enabled = rows.boolean(3),
            .reason = parse_disabled_reason(rows.text(4)).value_or(DisabledReason::corrupt),
            .events = rows.string(5),
            .filter = rows.string(6),
            .ordered = rows.boolean(7)};
}

}  // namespace

Result<void> append(Transaction& tx, const WebhookVersionRow& row) {
    static constexpr Query query{"INSERT INTO webhook_versions (" VERSION_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.webhook, row.since, row.enabled,
                               to_string(row.reason), row.events, row.filter, row.ordered));
    return {};
}

Result<std::optional<WebhookVersionRow>> at(sql::Connection& sql, const RealmId& realm,
                                            const WebhookId& webhook, const Uuid& event) {
    static constexpr Query query{"SELECT " VERSION_COLUMNS
                                 " FROM webhook_versions WHERE realm_id = $1 AND webhook_id = $2"
                                 " AND since <= $3 ORDER BY since DESC LIMIT 1"};
    std::optional<WebhookVersionRow> row;
    auto rows = sql.rows(query, realm, webhook, event);
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<List<WebhookVersionRow>> all(sql::Connection& sql, const RealmId& realm,
                                    const WebhookId& webhook) {
    static constexpr Query query{"SELECT " VERSION_COLUMNS
                                 " FROM webhook_versions WHERE realm_id = $1 AND webhook_id = $2"
                                 " ORDER BY since"};
    List<WebhookVersionRow> found;
    auto rows = sql.rows(query, realm, webhook);
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<List<WebhookVersionRow>> after(sql::Connection& sql, const RealmId& realm, const Uuid& since,
                                      std::size_t limit) {
    static constexpr Query query{"SELECT " VERSION_COLUMNS
                                 " FROM webhook_versions WHERE realm_id = $1 AND since > $2"
                                 " ORDER BY since LIMIT $3"};
    List<WebhookVersionRow> found;
    auto rows = sql.rows(query, realm, since, limit);
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> set_all_realms(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                            const Uuid& since) {
    static constexpr Query query{
        "UPDATE webhook_versions SET all_realms = 1 "
        "WHERE realm_id = $1 AND webhook_id = $2 AND since = $3"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook, since));
    return {};
}

Result<bool> takes_all_realms(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                              const Uuid& event) {
    static constexpr Query query{
        "SELECT all_realms FROM webhook_versions WHERE realm_id = $1 AND webhook_id = $2"
        " AND since <= $3 ORDER BY since DESC LIMIT 1"};
    auto rows = sql.rows(query, realm, webhook, event);
    const bool takes = rows.next() && rows.boolean(0);
    POSTRIDER_TRY(rows.finish());
    return takes;
}

}  // namespace webhook_versions_table

namespace webhook_health_table {
namespace {

WebhookHealthRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .webhook = rows.id<WebhookId>(1),
            .first_failure_at = rows.time(2),
            .failures = rows.integer(3)};
}

constexpr Query put_query{
    "INSERT INTO webhook_health (realm_id, webhook_id, first_failure_at, failures) "
    "VALUES ($1, $2, $3, $4) ON CONFLICT (realm_id, webhook_id) DO UPDATE SET "
    "first_failure_at = excluded.first_failure_at, failures = excluded.failures"};

}  // namespace

Result<std::optional<WebhookHealthRow>> find(sql::Connection& sql, const RealmId& realm,
                                             const WebhookId& webhook) {
    static constexpr Query query{
        "SELECT realm_id, webhook_id, first_failure_at, failures FROM webhook_health "
        "WHERE realm_id = $1 AND webhook_id = $2"};
    std::optional<WebhookHealthRow> row;
    auto rows = sql.rows(query, realm, webhook);
    if (rows.next()) row = read_row(rows);
    if (rows.is_unreadable()) {
        // It is counted anew: outcomes of others are recorded in the same transaction.
        log_unreadable(rows.forgive());
        row.reset();
    }
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<List<WebhookHealthRow>> all(sql::Connection& sql) {
    static constexpr Query query{
        "SELECT realm_id, webhook_id, first_failure_at, failures FROM webhook_health"};
    List<WebhookHealthRow> found;
    auto rows = sql.rows(query);
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> put(Transaction& tx, const WebhookHealthRow& row) {
    return put_all(tx, std::span(&row, 1));
}

Result<void> add_failures(Transaction& tx, std::span<const WebhookHealthRow> rows,
                          std::vector<bool>& was_there) {
    static constexpr Query query{
        "UPDATE webhook_health SET failures = "
        // What is too much to be true stays as it is, and overflows nothing.
        "CASE WHEN failures < 1000000000000000 THEN failures + $3 ELSE failures END "
        "WHERE realm_id = $1 AND webhook_id = $2"};
    return tx.sql().run_each(
        query, rows,
        [](auto bind, const WebhookHealthRow& row) { bind(row.realm, row.webhook, row.failures); },
        &was_there);
}

Result<void> put_all(Transaction& tx, std::span<const WebhookHealthRow> rows) {
    return tx.sql().run_each(put_query, rows, [](auto bind, const WebhookHealthRow& row) {
        bind(row.realm, row.webhook, row.first_failure_at, row.failures);
    });
}

Result<void> clear(Transaction& tx, const RealmId& realm, const WebhookId& webhook) {
    static constexpr Query query{
        "DELETE FROM webhook_health WHERE realm_id = $1 AND webhook_id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook));
    return {};
}

Result<void> shift_all(Transaction& tx, Duration by) {
    static constexpr Query query{
        "UPDATE webhook_health SET first_failure_at = first_failure_at + $1 "
        "WHERE first_failure_at < 253402300800000000"};  // later ones are no times
    POSTRIDER_TRY(tx.sql().run(query, by));
    return {};
}

}  // namespace webhook_health_table

Result<List<WebhookRow>> search::webhooks(sql::Connection& sql, const RealmId& realm,
                                          const WebhookFilter& filter,
                                          std::optional<WebhookId> before, std::size_t limit) {
    return webhooks_table::search(sql, realm, filter, before, limit);
}

}  // namespace postrider::store
