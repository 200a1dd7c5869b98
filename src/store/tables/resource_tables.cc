// The slices of the index of resources.
#include "store/resource_index.h"

#include "store/list.h"
#include "store/realm_ids.h"

namespace postrider::store::resource_index {

using sql::Query;

Result<EventId> watermark(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT last_id FROM resource_slices WHERE realm_id = $1 ORDER BY slice DESC LIMIT 1"};
    auto rows = sql.rows(query, realm);
    EventId last;
    if (rows.next()) last = rows.id<EventId>(0);
    POSTRIDER_TRY(rows.finish());
    return last;
}

Result<std::vector<Entry>> unindexed(sql::Connection& sql, const RealmId& realm,
                                     const EventId& above, std::size_t limit) {
    // Ids of another length are of rows that nobody can read.
    static constexpr Query query{
        "SELECT resource_id, id FROM events WHERE realm_id = $1 AND id > $2 "
        "AND length(id) = 16 AND length(resource_id) = 16 ORDER BY id LIMIT $3"};
    std::vector<Entry> found;
    auto rows = sql.rows(query, realm, above, limit);
    while (rows.next()) found.push_back({rows.id<ResourceId>(0), rows.id<EventId>(1)});
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::int64_t> last_number(sql::Connection& sql) {
    // A number beyond any that counting comes to was not given by this server.
    static constexpr Query query{
        "SELECT COALESCE(MAX(slice), 0) FROM resource_slices WHERE slice < 1000000000000000"};
    auto rows = sql.rows(query);
    const std::int64_t found = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::vector<RealmId>> realms(sql::Connection& sql) {
    static constexpr Query query{"SELECT DISTINCT realm_id FROM resource_slices"};
    return read_realm_ids(sql.rows(query));
}

Result<std::optional<Slice>> expired(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{
        "SELECT s.slice, s.first_id, s.last_id FROM resource_slices s WHERE s.realm_id = $1 "
        "AND s.slice = (SELECT MIN(slice) FROM resource_slices WHERE realm_id = $1) "
        "AND NOT EXISTS (SELECT 1 FROM events e WHERE e.realm_id = $1 AND e.id >= s.first_id "
        "AND e.id <= s.last_id)"};
    std::optional<Slice> found;
    auto rows = sql.rows(query, realm);
    if (rows.next()) found = Slice{rows.integer(0), rows.id<EventId>(1), rows.id<EventId>(2)};
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> add(Transaction& tx, std::int64_t number, std::span<const Entry> entries) {
    static constexpr Query query{
        "INSERT INTO resource_entries (slice, resource_id, id) VALUES ($1, $2, $3) "
        "ON CONFLICT (slice, resource_id, id) DO NOTHING"};
    return tx.sql().run_each(query, entries, [number](auto bind, const Entry& entry) {
        bind(number, entry.resource, entry.id);
    });
}

Result<void> publish(Transaction& tx, const RealmId& realm, const Slice& slice) {
    static constexpr Query query{
        "INSERT INTO resource_slices (realm_id, slice, first_id, last_id) VALUES ($1, $2, $3, $4)"};
    POSTRIDER_TRY(tx.sql().run(query, realm, slice.number, slice.first, slice.last));
    return {};
}

Result<std::int64_t> clear(Transaction& tx, std::int64_t number, std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM resource_entries WHERE slice = $1 AND (resource_id, id) IN "
        "(SELECT resource_id, id FROM resource_entries WHERE slice = $1 LIMIT $2)"};
    return tx.sql().run(query, number, limit);
}

Result<void> drop(Transaction& tx, const RealmId& realm, std::int64_t number) {
    static constexpr Query query{"DELETE FROM resource_slices WHERE realm_id = $1 AND slice = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, number));
    return {};
}

namespace {

Result<bool> is_to_build(sql::Connection& sql) {
    static constexpr Query query{
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'events_by_resource') OR "
        "NOT EXISTS (SELECT 1 FROM resource_slices)"};
    auto rows = sql.rows(query);
    const bool found = rows.next() && rows.boolean(0);
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<void> build_whole(sql::Connection& sql) {
    POSTRIDER_ASSIGN(const bool is_needed, is_to_build(sql));
    if (!is_needed) return {};
    // A realm's number is its place among the realms. Ten million events are sorted on the disk.
    return sql.execute(R"sql(
PRAGMA temp_store = FILE;
BEGIN IMMEDIATE;
DELETE FROM resource_entries;
DELETE FROM resource_slices;
INSERT INTO resource_slices (realm_id, slice, first_id, last_id)
    SELECT realm_id, row_number() OVER (ORDER BY realm_id), MIN(id), MAX(id) FROM events
    WHERE length(id) = 16 AND length(realm_id) = 16 GROUP BY realm_id;
INSERT INTO resource_entries (slice, resource_id, id)
    SELECT s.slice, e.resource_id, e.id FROM resource_slices s CROSS JOIN events e
    WHERE e.realm_id = s.realm_id ORDER BY s.realm_id, s.slice, e.resource_id, e.id;
DROP INDEX IF EXISTS events_by_resource;
COMMIT;
PRAGMA temp_store = MEMORY;)sql");
}

}  // namespace postrider::store::resource_index
