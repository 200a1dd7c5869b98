// The log in the order of commits, and the table of those who read it.
#include <algorithm>

#include "model/feed_limits.h"
#include "model/states.h"
#include "model/trace.h"
#include "store/feed_table.h"
#include "store/id_range.h"

namespace postrider::store {

using sql::Query;

namespace feed_table {
namespace {

#define FEED_COLUMNS "realm_id, id, type, resource_id, timestamp, origin, data, trace"
// What is no id has no place.
#define FEED_ROWS "length(id) = 16 AND origin <> 'test'"

/// The smallest id above `id`.
Uuid next_id(Uuid id) {
    if (id == last_id()) return id;
    for (std::size_t i = id.bytes.size(); i-- > 0;) {
        if (++id.bytes[i] != 0) break;
    }
    return id;
}

/// On PostgreSQL: transactions below `low` have ended, and none that has begun reaches `high`.
struct Horizon {
    std::int64_t low = 0;
    std::int64_t high = 0;
};
Result<Horizon> read_horizon(sql::Connection& sql) {
    static constexpr Query query{
        "SELECT pg_snapshot_xmin(s)::text::bigint + f.epoch, "
        "pg_snapshot_xmax(s)::text::bigint + f.epoch "
        "FROM postrider_feed f, pg_current_snapshot() s"};
    auto rows = sql.rows(query);
    Horizon found;
    if (rows.next()) found = {rows.integer(0), rows.integer(1)};
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<bool> has_later(sql::Connection& sql, const RealmId& realm, std::int64_t tx) {
    static constexpr Query query{
        "SELECT 1 FROM events WHERE realm_id = $1 AND tx >= $2 AND origin <> 'test' LIMIT 1"};
    auto rows = sql.rows(query, realm, tx);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

/// Column 9 has the bytes of all that was looked through, where the database cuts by them.
Result<void> take_all(sql::Rows rows, const Asked& asked,
                      const std::function<bool(std::string_view)>& wants, Read& found) {
    std::size_t bytes = 0;
    std::size_t count = 0;
    bool is_cut = false;
    while (bytes < asked.bytes_max && rows.next()) {
        ++count;
        is_cut = rows.integer(9) >= static_cast<std::int64_t>(asked.bytes_max);
        const FeedPlace place{rows.integer(0), rows.uuid(2)};
        found.end = place;
        if (wants && !wants(rows.text(3))) continue;
        Row row{.place = place,
                .event = {.realm = rows.id<RealmId>(1),
                          .id = rows.id<EventId>(2),
                          .type = rows.string(3),
                          .resource_id = rows.id<ResourceId>(4),
                          .timestamp = rows.time(5),
                          .origin = rows.word(6, parse_event_origin),
                          .data = rows.json(7),
                          .trace = trace::checked(rows.text(8))}};
        if (rows.is_unreadable()) {
            ++found.unreadable;
            log_unreadable(rows.forgive());
            continue;
        }
        bytes += row.event.data.size();
        found.rows.push_back(std::move(row));
    }
    found.has_more = count >= asked.limit || bytes >= asked.bytes_max || is_cut;
    return rows.finish();
}

Result<Read> read_by_id(sql::Connection& sql, const Asked& asked,
                        const std::function<bool(std::string_view)>& wants) {
    static constexpr Query query{"SELECT 0, " FEED_COLUMNS
                                 ", 0 FROM events WHERE realm_id = $1 AND id >= $2 AND " FEED_ROWS
                                 " ORDER BY id LIMIT $3",
                                 {},
                                 true};
    Read found{.rows = {}, .end = asked.after};
    const Uuid low = std::max(next_id(asked.after.id), first_id_at(asked.kept_since));
    POSTRIDER_TRY(take_all(sql.rows(query, asked.realm, low, asked.limit), asked, wants, found));
    return found;
}

Result<Read> read_by_transaction(sql::Connection& sql, const Asked& asked,
                                 const std::function<bool(std::string_view)>& wants) {
    // The bytes are counted before any large value is fetched.
    static constexpr Query query{
        "SELECT tx, " FEED_COLUMNS
        ", (bytes_before + octet_length(data))::bigint FROM (SELECT *, sum(octet_length(data)) "
        "OVER (ORDER BY tx, id) - octet_length(data) "
        "AS bytes_before FROM (SELECT tx, " FEED_COLUMNS
        " FROM events WHERE realm_id = $1 AND (tx, id) > ($2, $3) AND tx < $4 AND id >= $5 "
        "AND " FEED_ROWS
        " ORDER BY tx, id LIMIT $6) found) counted WHERE bytes_before < $7 ORDER BY tx, id"};
    Read found{.rows = {}, .end = asked.after};
    POSTRIDER_ASSIGN(const Horizon horizon, read_horizon(sql));
    found.is_ahead = asked.after.tx >= horizon.high;
    if (found.is_ahead) return found;
    POSTRIDER_TRY(take_all(sql.rows(query, asked.realm, asked.after.tx, asked.after.id, horizon.low,
                                    first_id_at(asked.kept_since), asked.limit, asked.bytes_max),
                           asked, wants, found));
    if (!found.has_more) {
        POSTRIDER_ASSIGN(found.is_unsettled, has_later(sql, asked.realm, horizon.low));
    }
    return found;
}

}  // namespace

Result<Read> read(sql::Connection& sql, FeedOrder order, const Asked& asked,
                  const std::function<bool(std::string_view)>& wants) {
    return order == FeedOrder::by_id ? read_by_id(sql, asked, wants)
                                     : read_by_transaction(sql, asked, wants);
}

Result<FeedPlace> newest(sql::Connection& sql, FeedOrder order, const RealmId& realm) {
    if (order == FeedOrder::by_transaction) {
        POSTRIDER_ASSIGN(const Horizon horizon, read_horizon(sql));
        return FeedPlace{horizon.low - 1, last_id()};
    }
    static constexpr Query query{
        "SELECT id FROM events WHERE realm_id = $1 AND length(id) = 16 ORDER BY id DESC LIMIT 1"};
    auto rows = sql.rows(query, realm);
    FeedPlace place;
    if (rows.next()) place.id = rows.uuid(0);
    POSTRIDER_TRY(rows.finish());
    return place;
}

Result<FeedPlace> in_order(sql::Connection& sql, FeedOrder order, const RealmId& realm,
                           const FeedPlace& place, Timestamp seen_at) {
    if (order == FeedOrder::by_id) {
        if (place.tx == 0) return place;
        return FeedPlace{0, first_id_at(seen_at - limits::feed_moved_back)};
    }
    if (place.tx != 0 || place.is_beginning()) return place;
    // A store of one writer was moved here in the order of its ids.
    static constexpr Query query{
        "SELECT tx FROM events WHERE realm_id = $1 AND id <= $2 ORDER BY id DESC LIMIT 1"};
    auto rows = sql.rows(query, realm, place.id);
    FeedPlace found = place;
    if (rows.next()) found.tx = rows.integer(0);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<Behind> behind(sql::Connection& sql, FeedOrder order, const RealmId& realm,
                      const FeedPlace& place, Timestamp kept_since) {
    static constexpr Query by_id{
        "SELECT id FROM events WHERE realm_id = $1 AND id >= $2 AND " FEED_ROWS
        " ORDER BY id LIMIT $3"};
    static constexpr Query by_transaction{
        "SELECT id FROM events WHERE realm_id = $1 AND (tx, id) > ($2, $3) AND id >= $4 "
        "AND " FEED_ROWS " ORDER BY tx, id LIMIT $5"};
    const Uuid floor = first_id_at(kept_since);
    const auto limit = limits::consumer_behind_max;
    auto rows = order == FeedOrder::by_id
                    ? sql.rows(by_id, realm, std::max(next_id(place.id), floor), limit)
                    : sql.rows(by_transaction, realm, place.tx, place.id, floor, limit);
    Behind found;
    while (rows.next()) {
        if (found.count++ == 0) found.since = rows.uuid(0).time();
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace feed_table

namespace consumers_table {
namespace {

#define CONSUMER_COLUMNS "realm_id, name, events, tx, event_id, seen_at, created_at, updated_at"

ConsumerRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .name = rows.string(1),
            .events = rows.json(2),
            .place = {rows.integer(3), rows.uuid(4)},
            .seen_at = rows.time(5),
            .created_at = rows.time(6),
            .updated_at = rows.time(7)};
}

}  // namespace

Result<std::optional<ConsumerRow>> find(sql::Connection& sql, const RealmId& realm,
                                        std::string_view name) {
    static constexpr Query query{"SELECT " CONSUMER_COLUMNS
                                 " FROM consumers WHERE realm_id = $1 AND name = $2"};
    auto rows = sql.rows(query, realm, name);
    std::optional<ConsumerRow> row;
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<List<ConsumerRow>> list(sql::Connection& sql, const RealmId& realm, std::string_view after,
                               std::size_t limit) {
    static constexpr Query query{"SELECT " CONSUMER_COLUMNS
                                 " FROM consumers WHERE realm_id = $1 AND name > $2 "
                                 "ORDER BY name LIMIT $3"};
    List<ConsumerRow> found;
    auto rows = sql.rows(query, realm, after, limit);
    while (rows.next()) take(rows, found, read_row, 4);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{"SELECT COUNT(*) FROM consumers WHERE realm_id = $1"};
    auto rows = sql.rows(query, realm);
    const std::int64_t found = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> put(Transaction& tx, const ConsumerRow& row) {
    static constexpr Query query{
        "INSERT INTO consumers (" CONSUMER_COLUMNS
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (realm_id, name) DO UPDATE SET "
        "events = excluded.events, tx = excluded.tx, event_id = excluded.event_id, "
        "seen_at = excluded.seen_at, updated_at = excluded.updated_at"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.name, row.events, row.place.tx, row.place.id,
                               row.seen_at, row.created_at, row.updated_at));
    return {};
}

Result<void> move(Transaction& tx, const ConsumerRow& row) {
    static constexpr Query query{
        "UPDATE consumers SET tx = $3, event_id = $4, seen_at = $5, updated_at = $6 "
        "WHERE realm_id = $1 AND name = $2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.name, row.place.tx, row.place.id, row.seen_at,
                               row.updated_at));
    return {};
}

Result<void> lose_transactions(sql::Connection& sql) {
    static constexpr Query query{"SELECT " CONSUMER_COLUMNS " FROM consumers WHERE tx <> 0"};
    static constexpr Query put{
        "UPDATE consumers SET tx = 0, event_id = $3 WHERE realm_id = $1 AND name = $2"};
    List<ConsumerRow> found;
    auto rows = sql.rows(query);
    while (rows.next()) take(rows, found, read_row, 4);
    POSTRIDER_TRY(rows.finish());
    for (const ConsumerRow& row : found) {
        POSTRIDER_ASSIGN(const auto place, feed_table::in_order(sql, FeedOrder::by_id, row.realm,
                                                                row.place, row.seen_at));
        POSTRIDER_TRY(sql.run(put, row.realm, row.name, place.id));
    }
    return {};
}

Result<bool> remove(Transaction& tx, const RealmId& realm, std::string_view name) {
    static constexpr Query query{"DELETE FROM consumers WHERE realm_id = $1 AND name = $2"};
    POSTRIDER_ASSIGN(const auto removed, tx.sql().run(query, realm, name));
    return removed > 0;
}

}  // namespace consumers_table

}  // namespace postrider::store
