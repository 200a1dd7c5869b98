#include "store/failure_notices_table.h"
#include "store/list.h"

namespace postrider::store::failure_notices_table {

using sql::Query;

namespace {

#define NOTICE_COLUMNS "realm_id, webhook_id, told_at, since, untold, holds_too_many, last"

Result<List<FailureNotice>> read(sql::Rows rows) {
    List<FailureNotice> found;
    while (rows.next()) {
        take(rows, found, [](const sql::Rows& row) {
            return FailureNotice{.realm = row.id<RealmId>(0),
                                 .webhook = row.id<WebhookId>(1),
                                 .told_at = row.time(2),
                                 .since = row.time(3),
                                 .untold = row.integer(4),
                                 .holds_too_many = row.boolean(5),
                                 .last = row.string(6)};
        });
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<std::optional<FailureNotice>> find(sql::Connection& sql, const RealmId& realm,
                                          const WebhookId& webhook) {
    static constexpr Query query{"SELECT " NOTICE_COLUMNS
                                 " FROM failure_notices WHERE realm_id = $1 AND webhook_id = $2"};
    POSTRIDER_ASSIGN(auto found, read(sql.rows(query, realm, webhook)));
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}

Result<List<FailureNotice>> older(sql::Connection& sql, Timestamp before, std::size_t limit) {
    static constexpr Query query{"SELECT " NOTICE_COLUMNS
                                 " FROM failure_notices WHERE told_at <= $1 ORDER BY told_at, "
                                 "realm_id, webhook_id LIMIT $2"};
    return read(sql.rows(query, before, limit));
}

Result<void> add(Transaction& tx, const FailureNotice& more) {
    static constexpr Query query{
        "UPDATE failure_notices SET since = CASE WHEN untold = 0 THEN $3 ELSE since END, "
        "untold = untold + $4, "
        "holds_too_many = holds_too_many | $5, last = $6 "
        "WHERE realm_id = $1 AND webhook_id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, more.realm, more.webhook, more.since, more.untold,
                               more.holds_too_many, more.last));
    return {};
}

Result<bool> tell(Transaction& tx, const FailureNotice& seen, Timestamp now) {
    static constexpr Query query{
        "UPDATE failure_notices SET told_at = $3, untold = 0, holds_too_many = 0 "
        "WHERE realm_id = $1 AND webhook_id = $2 AND told_at = $4 AND untold = $5"};
    POSTRIDER_ASSIGN(const auto changed,
                     tx.sql().run(query, seen.realm, seen.webhook, now, seen.told_at, seen.untold));
    return changed > 0;
}

Result<void> begin(Transaction& tx, const RealmId& realm, const WebhookId& webhook, Timestamp now) {
    static constexpr Query query{
        "INSERT INTO failure_notices (" NOTICE_COLUMNS
        ") VALUES ($1, $2, $3, $3, 0, 0, '') ON CONFLICT (realm_id, webhook_id) DO NOTHING"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook, now));
    return {};
}

Result<void> end(Transaction& tx, const FailureNotice& seen) {
    static constexpr Query query{
        "DELETE FROM failure_notices WHERE realm_id = $1 AND webhook_id = $2 AND told_at = $3 "
        "AND untold = 0"};
    POSTRIDER_TRY(tx.sql().run(query, seen.realm, seen.webhook, seen.told_at));
    return {};
}

Result<void> remove(Transaction& tx, const RealmId& realm, const WebhookId& webhook) {
    static constexpr Query query{
        "DELETE FROM failure_notices WHERE realm_id = $1 AND webhook_id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook));
    return {};
}

}  // namespace postrider::store::failure_notices_table
