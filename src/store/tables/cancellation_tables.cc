// The table of pending deliveries that are still to be cancelled, and how a part of them is.
#include "store/cancellations_table.h"

#include <algorithm>
#include <span>

#include "store/counters_table.h"
#include "store/list.h"
#include "store/order_table.h"
#include "store/realm_ids.h"

namespace postrider::store::cancellations_table {

using sql::Query;

Result<void> insert(Transaction& tx, const CancellationRow& row) {
    static constexpr Query query{
        "INSERT INTO cancellations (realm_id, id, webhook_id, reason, cancelled_at, except_event, "
        "before_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.webhook, row.reason, row.at,
                               row.except, row.before));
    return {};
}

Result<std::optional<CancellationRow>> first(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT id, webhook_id, reason, cancelled_at, except_event, before_id FROM cancellations "
        "WHERE realm_id = $1 ORDER BY id LIMIT 1"};
    std::optional<CancellationRow> found;
    auto rows = sql.rows(query, realm);
    if (rows.next()) {
        found = CancellationRow{.realm = realm,
                                .id = rows.uuid(0),
                                .webhook = rows.id<WebhookId>(1),
                                .reason = rows.string(2),
                                .at = rows.time(3),
                                .except = {},
                                .before = {}};
        if (!rows.is_null(4)) found->except = rows.id<EventId>(4);
        if (!rows.is_null(5)) found->before = rows.uuid(5);
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
            found->is_readable = false;
        }
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> remove(Transaction& tx, const RealmId& realm, const Uuid& id) {
    static constexpr Query query{"DELETE FROM cancellations WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, id));
    return {};
}

Result<void> remove_first(Transaction& tx, const RealmId& realm) {
    static constexpr Query query{
        "DELETE FROM cancellations WHERE realm_id = $1 AND id = "
        "(SELECT id FROM cancellations WHERE realm_id = $1 ORDER BY id LIMIT 1)"};
    POSTRIDER_TRY(tx.sql().run(query, realm));
    return {};
}

Result<bool> is_open(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook) {
    static constexpr Query query{
        "SELECT 1 FROM cancellations WHERE realm_id = $1 AND webhook_id = $2 LIMIT 1"};
    auto rows = sql.rows(query, realm, webhook);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> end_at(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                    const Uuid& before) {
    static constexpr Query query{
        "UPDATE cancellations SET before_id = $3 WHERE realm_id = $1 AND webhook_id = $2 "
        "AND before_id IS NULL"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook, before));
    return {};
}

Result<std::vector<RealmId>> realms(sql::Connection& sql) {
    static constexpr Query query{"SELECT DISTINCT realm_id FROM cancellations"};
    return read_realm_ids(sql.rows(query));
}

namespace {

/// What a deleted webhook is still told of itself waits for nothing that is held.
Result<void> let_come_next(Transaction& tx, const CancellationRow& row, const EventId& event) {
    static constexpr Query query{"SELECT resource_id FROM events WHERE realm_id = $1 AND id = $2"};
    std::optional<ResourceId> resource;
    auto rows = tx.sql().rows(query, row.realm, event);
    if (rows.next()) resource = rows.id<ResourceId>(0);
    POSTRIDER_TRY(rows.finish());
    if (!resource) return {};
    return order_table::skip_held(tx, row.realm, row.webhook, *resource);
}

}  // namespace

Result<Part> cancel(Transaction& tx, const CancellationRow& row, Timestamp since,
                    std::size_t limit) {
    // What was redelivered or tested by hand since then is meant to be sent. The two statements
    // find rows by the index of what is due, and then each by its key, also without statistics.
    static constexpr Query find{
        "SELECT id, due_at, ordered FROM deliveries WHERE realm_id = $1 AND webhook_id = $2 "
        "AND state = 'pending' AND due_at >= $3 AND ($4 IS NULL OR event_id <> $4) "
        "AND ($5 IS NULL OR id < $5) AND (pending_since <= $6 OR (by_hand = 0 AND test = 0)) "
        "ORDER BY due_at, id LIMIT $7"};
    static constexpr Query cancel{
        "UPDATE deliveries SET state = 'cancelled', reason = $3, finished_at = $4 "
        // As in settle_all(): no index of a state may be taken for it.
        "WHERE realm_id = $1 AND id = $2 AND CASE state WHEN 'pending' THEN 1 ELSE 0 END = 1"};
    Part part;
    std::vector<std::string> ids;  // as they are stored: one that is no id is cancelled, too
    std::vector<DeliveryId> ordered;
    auto rows =
        tx.sql().rows(find, row.realm, row.webhook, since, row.except, row.before, row.at, limit);
    while (rows.next()) {
        ids.push_back(rows.bytes(0));
        const auto due_at = rows.time(1);
        if (rows.boolean(2)) ordered.push_back(rows.id<DeliveryId>(0));
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
        } else {
            part.last_due_at = due_at;
        }
    }
    POSTRIDER_TRY(rows.finish());
    const Timestamp now = tx.now();
    std::vector<bool> changed;
    POSTRIDER_TRY(tx.sql().run_each(
        cancel, std::span<const std::string>(ids),
        [&](auto bind, const std::string& id) { bind(row.realm, sql::Blob{id}, row.reason, now); },
        &changed));
    const auto count = std::ranges::count(changed, true);
    // If none of them can be cancelled, they would be found for ever.
    if (count > 0) {
        part.count = ids.size();
        Tally tally;
        tally.at(row.realm, row.webhook, now).counts.of(Counted::cancelled) = count;
        POSTRIDER_TRY(counters_table::append(tx, tally.take()));
    }
    POSTRIDER_TRY(order_table::end(tx, row.realm, ordered, false));
    if (row.except) POSTRIDER_TRY(let_come_next(tx, row, *row.except));
    return part;
}

}  // namespace postrider::store::cancellations_table
