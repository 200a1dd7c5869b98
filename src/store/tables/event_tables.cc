// The tables of events and the audit log.
#include <algorithm>

#include "model/trace.h"
#include "store/event_page.h"
#include "store/id_range.h"
#include "store/resource_index.h"
#include "store/tables.h"

namespace postrider::store {

using sql::Blob;
using sql::Query;

/// What no index answers is filtered on the way: exact, "prefix.*", or "" for any.
#define MATCHES(column, pattern)                                                            \
    "(" pattern " = '' OR " column " = " pattern " OR (substr(" pattern ", length(" pattern \
    ") - 1) = '.*' AND substr(" column ", 1, length(" pattern ") - 1) = substr(" pattern    \
    ", 1, length(" pattern ") - 1)))"

namespace events_table {
namespace {

#define EVENT_COLUMNS "realm_id, id, type, resource_id, timestamp, origin, data, trace"

EventRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .id = rows.id<EventId>(1),
            .type = rows.string(2),
            .resource_id = rows.id<ResourceId>(3),
            .timestamp = rows.time(4),
            .origin = rows.word(5, parse_event_origin),
            .data = rows.json(6),
            .trace = trace::checked(rows.text(7))};
}

/// Most events have none, and NULL takes no room.
std::optional<std::string_view> trace_column(const EventRow& row) {
    if (row.trace.empty()) return std::nullopt;
    return row.trace;
}

/// Adds rows to `found`, up to the one whose data brings it to `bytes_max`.
Result<void> read_more(sql::Rows& rows, EventPage& found, std::size_t bytes_max) {
    std::size_t bytes = 0;
    for (const EventRow& row : found.rows) bytes += row.data.size();
    while (rows.next()) {
        const std::size_t before = found.rows.size();
        take(rows, found.rows, read_row);
        if (found.rows.size() > before) bytes += found.rows.back().data.size();
        found.is_cut = bytes >= bytes_max;
        if (found.is_cut) break;
    }
    return rows.finish();
}

Result<EventPage> read_page(sql::Rows& rows, std::size_t bytes_max) {
    EventPage found;
    POSTRIDER_TRY(read_more(rows, found, bytes_max));
    return found;
}

/// Nobody misses an event for one that cannot be read: all of them are read.
Result<EventId> readable_watermark(sql::Connection& sql, const RealmId& realm) {
    auto watermark = resource_index::watermark(sql, realm);
    if (watermark || watermark.error().code != ErrorCode::corrupt) return watermark;
    log_unreadable(watermark.error());
    return EventId{};
}

/// From `low` on, and below `high`: what is above the watermark, then what the slices have.
Result<EventPage> page_of_resource(sql::Connection& sql, const RealmId& realm,
                                   const EventFilter& filter, const Uuid& low, const Uuid& high,
                                   std::size_t limit, std::size_t bytes_max) {
    static constexpr Query above{
        "SELECT " EVENT_COLUMNS
        " FROM events WHERE realm_id = $1 AND resource_id = $2 AND id >= $3 AND id < $4 "
        "AND " MATCHES("type", "$5") " AND origin <> 'test' AND id > $7 ORDER BY id DESC LIMIT $6",
        {},
        true};
    // From the newest slice to the oldest, whose ids follow each other.
    static constexpr Query below{
        "SELECT e.realm_id, e.id, e.type, e.resource_id, e.timestamp, e.origin, e.data, e.trace "
        "FROM resource_slices s CROSS JOIN resource_entries r CROSS JOIN events e "
        "WHERE s.realm_id = $1 AND s.first_id < $4 AND s.last_id >= $3 AND r.slice = s.slice "
        "AND r.resource_id = $2 AND r.id >= $3 AND r.id < $4 AND e.realm_id = $1 AND e.id = r.id "
        "AND " MATCHES("e.type", "$5") " AND e.origin <> 'test' "
        "ORDER BY s.slice DESC, r.id DESC LIMIT $6",
        {},
        true};
    POSTRIDER_ASSIGN(const EventId watermark, readable_watermark(sql, realm));
    EventPage found;
    {
        auto rows =
            sql.rows(above, realm, *filter.resource_id, low, high, filter.type, limit, watermark);
        POSTRIDER_TRY(read_more(rows, found, bytes_max));
    }
    const bool is_all = watermark.is_nil() || watermark.uuid < low;
    if (is_all || found.is_cut || found.rows.read() >= limit) return found;
    auto rows = sql.rows(below, realm, *filter.resource_id, low, high, filter.type,
                         limit - found.rows.read());
    POSTRIDER_TRY(read_more(rows, found, bytes_max));
    return found;
}

Result<bool> has_pending(sql::Connection& sql, const RealmId& realm, const EventId& id) {
    // Deliveries have ids above their event's, which tells where they cannot be. The state is asked
    // so that no index of it is taken for the event's.
    static constexpr Query query{
        "SELECT 1 FROM deliveries WHERE realm_id = $1 AND event_id = $2 AND id > $2 "
        "AND CASE state WHEN 'pending' THEN 1 ELSE 0 END = 1 LIMIT 1"};
    auto rows = sql.rows(query, realm, id);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<void> replace_data(Transaction& tx, const RealmId& realm, const EventId& id,
                          std::string_view data) {
    static constexpr Query query{"UPDATE events SET data = $3 WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, id, Blob{data}));
    return {};
}

Result<void> insert(Transaction& tx, const EventRow& row) {
    return insert_all(tx, std::span(&row, 1));
}

Result<void> insert_all(Transaction& tx, std::span<const EventRow> rows) {
    static constexpr Query query{"INSERT INTO events (" EVENT_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
    return tx.sql().run_each(query, rows, [](auto bind, const EventRow& row) {
        bind(row.realm, row.id, row.type, row.resource_id, row.timestamp, to_string(row.origin),
             Blob{row.data}, trace_column(row));
    });
}

Result<std::optional<EventRow>> find(sql::Connection& sql, const RealmId& realm,
                                     const EventId& id) {
    static constexpr Query query{"SELECT " EVENT_COLUMNS
                                 " FROM events WHERE realm_id = $1 AND id = $2"};
    std::optional<EventRow> row;
    auto rows = sql.rows(query, realm, id);
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<bool> exists(sql::Connection& sql, const RealmId& realm, const EventId& id) {
    static constexpr Query query{"SELECT 1 FROM events WHERE realm_id = $1 AND id = $2"};
    auto rows = sql.rows(query, realm, id);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<bool> is_kept(sql::Connection& sql, const RealmId& realm, const EventId& id,
                     Timestamp since) {
    if (id.uuid >= first_id_at(since)) return true;
    return has_pending(sql, realm, id);
}

Result<List<EventRow>> list(sql::Connection& sql, const RealmId& realm, const EventFilter& filter,
                            std::optional<EventId> before, std::size_t limit) {
    POSTRIDER_ASSIGN(auto all, page(sql, realm, filter, before, limit, SIZE_MAX));
    return std::move(all.rows);
}

Result<EventPage> page(sql::Connection& sql, const RealmId& realm, const EventFilter& filter,
                       std::optional<EventId> before, std::size_t limit, std::size_t bytes_max) {
    Uuid low = filter.since ? first_id_at(*filter.since) : Uuid{};
    Uuid high = upper_bound(before);
    if (filter.until) high = std::min(high, first_id_at(*filter.until));

    // One query per index; what the index does not answer is filtered on the way.
    if (filter.resource_id) {
        return page_of_resource(sql, realm, filter, low, high, limit, bytes_max);
    }
    if (!filter.type.empty() && !filter.type.ends_with(".*")) {
        static constexpr Query query{
            "SELECT " EVENT_COLUMNS
            " FROM events WHERE realm_id = $1 AND type = $2 AND id >= $3 AND id < $4 "
            "AND origin <> 'test' ORDER BY id DESC LIMIT $5",
            {},
            true};
        auto rows = sql.rows(query, realm, filter.type, low, high, limit);
        return read_page(rows, bytes_max);
    }
    static constexpr Query query{"SELECT " EVENT_COLUMNS
                                 " FROM events WHERE realm_id = $1 AND id >= $2 AND id < $3 "
                                 "AND " MATCHES("type", "$5") " AND origin <> 'test' "
                                 "ORDER BY id DESC LIMIT $4",
                                 {}, true};
    auto rows = sql.rows(query, realm, low, high, limit, filter.type);
    return read_page(rows, bytes_max);
}

Result<List<Head>> ascending(sql::Connection& sql, const RealmId& realm, const Uuid& after,
                             const Uuid& until, std::size_t limit) {
    static constexpr Query query{
        "SELECT id, type FROM events WHERE realm_id = $1 AND id > $2 AND id < $3 "
        "AND length(id) = 16 AND origin <> 'test' ORDER BY id LIMIT $4"};
    List<Head> found;
    auto rows = sql.rows(query, realm, after, until, limit);
    while (rows.next()) {
        take(
            rows, found,
            [](const sql::Rows& row) { return Head{row.id<EventId>(0), row.string(1)}; }, 0);
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<List<EventId>> ids(sql::Connection& sql, const RealmId& realm, const Uuid& after,
                          const Uuid& until, std::size_t limit) {
    static constexpr Query query{
        "SELECT id FROM events WHERE realm_id = $1 AND id > $2 AND id < $3 AND length(id) = 16 "
        "ORDER BY id LIMIT $4"};
    List<EventId> found;
    auto rows = sql.rows(query, realm, after, until, limit);
    while (rows.next()) {
        take(rows, found, [](const sql::Rows& row) { return row.id<EventId>(0); }, 0);
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::int64_t> expire(Transaction& tx, const RealmId& realm, const EventId& id,
                            std::size_t limit) {
    static constexpr Query attempts{
        "DELETE FROM attempts WHERE realm_id = $1 AND delivery_id IN (SELECT id FROM deliveries "
        "WHERE realm_id = $1 AND event_id = $2 AND id > $2 ORDER BY webhook_id, id LIMIT $3)"};
    static constexpr Query deliveries{
        "DELETE FROM deliveries WHERE realm_id = $1 AND id IN (SELECT id FROM deliveries "
        "WHERE realm_id = $1 AND event_id = $2 AND id > $2 ORDER BY webhook_id, id LIMIT $3)"};
    static constexpr Query event{"DELETE FROM events WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_ASSIGN(const bool is_pending, has_pending(tx.sql(), realm, id));
    if (is_pending) return 0;
    POSTRIDER_TRY(tx.sql().run(attempts, realm, id, limit));
    POSTRIDER_ASSIGN(const auto removed, tx.sql().run(deliveries, realm, id, limit));
    if (removed >= static_cast<std::int64_t>(limit)) return removed;
    POSTRIDER_ASSIGN(const auto last, tx.sql().run(event, realm, id));
    return removed + last;
}

}  // namespace events_table

namespace audit_table {

Result<void> insert(Transaction& tx, const AuditRow& row) {
    static constexpr Query query{
        "INSERT INTO audit (realm_id, id, actor_kind, actor_id, action, resource_id, detail) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.actor_kind, row.actor_id, row.action,
                               row.resource_id, row.detail));
    return {};
}

namespace {

#define AUDIT_COLUMNS "realm_id, id, actor_kind, actor_id, action, resource_id, detail"
#define AUDIT_ACTION "AND " MATCHES("action", "$5") " ORDER BY id DESC LIMIT $6"

AuditRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .id = rows.uuid(1),
            .actor_kind = rows.string(2),
            .actor_id = rows.string(3),
            .action = rows.string(4),
            .resource_id = rows.string(5),
            .detail = rows.json(6)};
}

Result<List<AuditRow>> read_audit(sql::Rows rows) {
    List<AuditRow> found;
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<List<AuditRow>> list(sql::Connection& sql, const RealmId& realm, const AuditFilter& filter,
                            std::optional<Uuid> before, std::size_t limit) {
    const Uuid low = filter.since ? first_id_at(*filter.since) : Uuid{};
    Uuid high = before.value_or(last_id());
    if (filter.until) high = std::min(high, first_id_at(*filter.until));
    if (!filter.resource_id.empty()) {
        static constexpr Query query{"SELECT " AUDIT_COLUMNS
                                     " FROM audit WHERE realm_id = $1 AND resource_id = $2 "
                                     "AND id >= $3 AND id < $4 "
                                     "AND ($7 = '' OR actor_id = $7) " AUDIT_ACTION};
        return read_audit(sql.rows(query, realm, filter.resource_id, low, high, filter.action,
                                   limit, filter.actor_id));
    }
    if (!filter.actor_id.empty()) {
        static constexpr Query query{"SELECT " AUDIT_COLUMNS
                                     " FROM audit WHERE realm_id = $1 AND actor_id = $2 "
                                     "AND id >= $3 AND id < $4 " AUDIT_ACTION};
        return read_audit(sql.rows(query, realm, filter.actor_id, low, high, filter.action, limit));
    }
    static constexpr Query query{"SELECT " AUDIT_COLUMNS
                                 " FROM audit WHERE realm_id = $1 AND ($2 = '') "
                                 "AND id >= $3 AND id < $4 " AUDIT_ACTION};
    return read_audit(sql.rows(query, realm, std::string_view(), low, high, filter.action, limit));
}

Result<std::int64_t> expire(Transaction& tx, const RealmId& realm, const Uuid& until,
                            std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM audit WHERE realm_id = $1 AND id IN (SELECT id FROM audit "
        "WHERE realm_id = $1 AND id < $2 ORDER BY id LIMIT $3)"};
    return tx.sql().run(query, realm, until, limit);
}

Result<bool> has_older(sql::Connection& sql, const RealmId& realm, const Uuid& until) {
    static constexpr Query query{
        "SELECT 1 FROM audit WHERE realm_id = $1 AND id < $2 ORDER BY id LIMIT 1"};
    auto rows = sql.rows(query, realm, until);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace audit_table

}  // namespace postrider::store
