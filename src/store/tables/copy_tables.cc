#include "store/event_copies_table.h"
#include "store/list.h"

namespace postrider::store::event_copies_table {

using sql::Query;

Result<void> insert_all(Transaction& tx, std::span<const EventCopy> rows) {
    static constexpr Query query{
        "INSERT INTO event_copies (realm_id, event_id, source_id) VALUES ($1, $2, $3)"};
    for (const EventCopy& row : rows) {
        POSTRIDER_TRY(tx.sql().run(query, row.realm, row.event, row.source));
    }
    return {};
}

Result<bool> is_copy(sql::Connection& sql, const RealmId& realm, const EventId& event) {
    static constexpr Query query{
        "SELECT 1 FROM event_copies WHERE realm_id = $1 AND event_id = $2"};
    auto rows = sql.rows(query, realm, event);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<List<EventCopy>> of_source(sql::Connection& sql, const RealmId& source, const EventId& until,
                                  std::size_t limit) {
    static constexpr Query query{
        "SELECT realm_id, event_id FROM event_copies WHERE source_id = $1 AND event_id < $2 "
        "ORDER BY event_id LIMIT $3"};
    List<EventCopy> found;
    auto rows = sql.rows(query, source, until, limit);
    while (rows.next()) {
        take(rows, found, [&source](const sql::Rows& row) {
            return EventCopy{row.id<RealmId>(0), row.id<EventId>(1), source};
        });
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> remove(Transaction& tx, const EventCopy& row) {
    static constexpr Query query{"DELETE FROM event_copies WHERE realm_id = $1 AND event_id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.event));
    return {};
}

Result<std::int64_t> forget(Transaction& tx, const RealmId& realm, const EventId& until,
                            std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM event_copies WHERE realm_id = $1 AND event_id IN (SELECT event_id FROM "
        "event_copies WHERE realm_id = $1 AND event_id < $2 ORDER BY event_id LIMIT $3)"};
    return tx.sql().run(query, realm, until, limit);
}

}  // namespace postrider::store::event_copies_table
