#include "store/overview_table.h"

namespace postrider::store::overview_table {

using sql::Query;

namespace {

/// From the index of what is pending alone (deliveries_due).
Result<void> read_pending(sql::Connection& sql, Timestamp now, Overview& overview) {
    static constexpr Query query{
        "SELECT count(*), count(CASE WHEN due_at <= $1 THEN 1 END), min(due_at) "
        "FROM deliveries WHERE state = 'pending'"};
    auto rows = sql.rows(query, now);
    if (rows.next()) {
        overview.due = rows.integer(1);
        overview.scheduled = rows.integer(0) - overview.due;
        if (overview.due > 0) overview.due_since = rows.optional_time(2);
    }
    return rows.finish();
}

Result<void> read_webhooks(sql::Connection& sql, Overview& overview) {
    static constexpr Query query{
        "SELECT count(CASE WHEN enabled <> 0 THEN 1 END), count(CASE WHEN enabled = 0 THEN 1 END), "
        "count(CASE WHEN enabled <> 0 AND EXISTS (SELECT 1 FROM webhook_health h "
        "WHERE h.realm_id = w.realm_id AND h.webhook_id = w.id) THEN 1 END), "
        "(SELECT count(*) FROM breakers) FROM webhooks w WHERE deleted_at IS NULL"};
    auto rows = sql.rows(query);
    if (rows.next()) {
        overview.webhooks_enabled = rows.integer(0);
        overview.webhooks_disabled = rows.integer(1);
        overview.webhooks_failing = rows.integer(2);
        overview.breakers_open = rows.integer(3);
    }
    return rows.finish();
}

Result<void> read_outcome_log(sql::Connection& sql, Overview& overview) {
    static constexpr Query query{"SELECT id FROM outcome_log ORDER BY id LIMIT 1"};
    auto rows = sql.rows(query);
    if (rows.next()) overview.counted_since = rows.uuid(0).time();
    return rows.finish();
}

}  // namespace

Result<Overview> read(sql::Connection& sql, Timestamp now) {
    Overview overview;
    POSTRIDER_TRY(read_pending(sql, now, overview));
    POSTRIDER_TRY(read_webhooks(sql, overview));
    POSTRIDER_TRY(read_outcome_log(sql, overview));
    return overview;
}

}  // namespace postrider::store::overview_table
