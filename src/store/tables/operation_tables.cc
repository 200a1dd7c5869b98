// The tables of idempotency keys and operations.
#include "store/id_range.h"
#include "store/realm_ids.h"
#include "store/tables.h"

namespace postrider::store {

using sql::Blob;
using sql::Query;

namespace idempotency_table {

Result<std::optional<Kept>> find(sql::Connection& sql, const RealmId& realm,
                                 const IdempotencyKey& key, Timestamp not_before) {
    static constexpr Query query{
        "SELECT body_sha256, answer FROM idempotency_keys WHERE realm_id = $1 AND route = $2 "
        "AND idempotency_key = $3 AND created_at >= $4"};
    std::optional<Kept> kept;
    auto rows = sql.rows(query, realm, key.route, key.key, not_before);
    if (rows.next()) kept = Kept{rows.bytes(0), rows.string(1)};
    POSTRIDER_TRY(rows.finish());
    return kept;
}

Result<void> put(Transaction& tx, const RealmId& realm, const IdempotencyKey& key,
                 std::string_view answer) {
    static constexpr Query query{
        "INSERT INTO idempotency_keys (realm_id, route, idempotency_key, body_sha256, answer, "
        "created_at) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (realm_id, route, idempotency_key) DO UPDATE SET "
        "body_sha256 = excluded.body_sha256, answer = excluded.answer, "
        "created_at = excluded.created_at"};
    POSTRIDER_TRY(
        tx.sql().run(query, realm, key.route, key.key, Blob{key.body_sha256}, answer, tx.now()));
    return {};
}

Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM idempotency_keys WHERE (realm_id, route, idempotency_key) IN "
        "(SELECT realm_id, route, idempotency_key FROM idempotency_keys WHERE created_at < $1 "
        "ORDER BY created_at LIMIT $2)"};
    return tx.sql().run(query, time, limit);
}

}  // namespace idempotency_table

namespace operations_table {
namespace {

#define OPERATION_COLUMNS \
    "realm_id, id, kind, params, state, detail, position, done, total, created_at, finished_at"

OperationRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .id = rows.id<OperationId>(1),
            .kind = rows.string(2),
            .params = rows.string(3),
            .state = rows.word(4, parse_operation_state),
            .detail = rows.string(5),
            .cursor = rows.string(6),
            .done = rows.integer(7),
            .total = rows.integer(8),
            .created_at = rows.time(9),
            .finished_at = rows.optional_time(10)};
}

Result<List<OperationRow>> read_all(sql::Rows& rows) {
    List<OperationRow> found;
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<std::optional<OperationRow>> find(sql::Connection& sql, const RealmId& realm,
                                         const OperationId& id) {
    static constexpr Query query{"SELECT " OPERATION_COLUMNS
                                 " FROM operations WHERE realm_id = $1 AND id = $2"};
    auto rows = sql.rows(query, realm, id);
    std::optional<OperationRow> row;
    if (rows.next()) row = read_row(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

Result<List<OperationRow>> list(sql::Connection& sql, const RealmId& realm, Timestamp since,
                                std::optional<OperationId> before, std::size_t limit) {
    static constexpr Query query{"SELECT " OPERATION_COLUMNS
                                 " FROM operations WHERE realm_id = $1 AND id < $2 AND "
                                 "(id >= $4 OR state = 'running') ORDER BY id DESC LIMIT $3"};
    auto rows = sql.rows(query, realm, upper_bound(before), limit, first_id_at(since));
    return read_all(rows);
}

Result<std::vector<RealmId>> realms_with_running(sql::Connection& sql) {
    static constexpr Query query{
        "SELECT DISTINCT realm_id FROM operations WHERE state = 'running'"};
    return read_realm_ids(sql.rows(query));
}

Result<std::vector<Running>> running(sql::Connection& sql, const RealmId& realm) {
    // By the index of those that run: a realm may have very many that have ended.
    static constexpr Query query{"SELECT " OPERATION_COLUMNS
                                 " FROM operations WHERE state = 'running' "
                                 "AND substr(realm_id, 1) = $1 ORDER BY substr(id, 1)"};
    std::vector<Running> found;
    auto rows = sql.rows(query, realm);
    while (rows.next()) {
        Running& one = found.emplace_back();
        one.key = rows.bytes(1);
        one.row = read_row(rows);
        if (rows.is_unreadable()) {
            one.problem = rows.forgive().message;
            one.row.reset();
        }
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> fail(Transaction& tx, const RealmId& realm, std::string_view key,
                  std::string_view detail) {
    static constexpr Query query{
        "UPDATE operations SET state = 'failed', detail = $3, finished_at = $4 "
        "WHERE realm_id = $1 AND id = $2 AND state = 'running'"};
    POSTRIDER_TRY(tx.sql().run(query, realm, Blob{key}, detail, tx.now()));
    return {};
}

Result<void> insert(Transaction& tx, const OperationRow& row) {
    static constexpr Query query{"INSERT INTO operations (" OPERATION_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.kind, row.params, to_string(row.state),
                               row.detail, row.cursor, row.done, row.total, row.created_at,
                               row.finished_at));
    return {};
}

Result<void> update(Transaction& tx, const OperationRow& row) {
    static constexpr Query query{
        "UPDATE operations SET params = $3, state = $4, detail = $5, position = $6, done = $7, "
        "total = $8, finished_at = $9 WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.params, to_string(row.state),
                               row.detail, row.cursor, row.done, row.total, row.finished_at));
    return {};
}

Result<std::int64_t> expire(Transaction& tx, const RealmId& realm, const Uuid& until,
                            std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM operations WHERE realm_id = $1 AND id IN (SELECT id FROM operations "
        "WHERE realm_id = $1 AND id < $2 AND state <> 'running' ORDER BY id LIMIT $3)"};
    return tx.sql().run(query, realm, until, limit);
}

Result<bool> has_older(sql::Connection& sql, const RealmId& realm, const Uuid& until) {
    static constexpr Query query{
        "SELECT 1 FROM operations WHERE realm_id = $1 AND id < $2 AND state <> 'running' ORDER BY "
        "id LIMIT 1"};
    auto rows = sql.rows(query, realm, until);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace operations_table

}  // namespace postrider::store
