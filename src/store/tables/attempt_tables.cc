// The table of attempts.
#include "store/tables.h"

namespace postrider::store {

using sql::Blob;
using sql::Query;

namespace attempts_table {
namespace {

#define ATTEMPT_COLUMNS                                                                    \
    "realm_id, delivery_id, number, started_at, outcome, detail, status, url, "            \
    "request_headers, response_headers, response_body, response_truncated, peer, dns_us, " \
    "connect_us, tls_us, first_byte_us, total_us, next_attempt_at"

AttemptRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .delivery = rows.id<DeliveryId>(1),
            .number = rows.integer(2),
            .started_at = rows.time(3),
            .outcome = rows.word(4, parse_outcome_reason),
            .detail = rows.string(5),
            .status = static_cast<int>(rows.integer(6)),
            .url = rows.string(7),
            .request_headers = rows.string(8),
            .response_headers = rows.json_or_empty(9),
            .response_body = rows.bytes(10),
            .response_truncated = rows.boolean(11),
            .peer = rows.string(12),
            .timings = {.dns = Duration{rows.integer(13)},
                        .connect = Duration{rows.integer(14)},
                        .tls = Duration{rows.integer(15)},
                        .first_byte = Duration{rows.integer(16)},
                        .total = Duration{rows.integer(17)}},
            .next_attempt_at = rows.optional_time(18)};
}

}  // namespace

Result<void> insert(Transaction& tx, const AttemptRow& row) {
    const AttemptRow* one = &row;
    return insert_all(tx, std::span(&one, 1));
}

Result<void> insert_all(Transaction& tx, std::span<const AttemptRow* const> rows) {
    // A repeated hand-over of the same outcomes (the recorder after an error) changes nothing.
    static constexpr Query query{
        "INSERT INTO attempts (" ATTEMPT_COLUMNS
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
        "$18, $19) ON CONFLICT (realm_id, delivery_id, number) DO NOTHING"};
    return tx.sql().run_each(query, rows, [](auto bind, const AttemptRow* row) {
        bind(row->realm, row->delivery, row->number, row->started_at, to_string(row->outcome),
             row->detail, row->status, row->url, row->request_headers, row->response_headers,
             Blob{row->response_body}, row->response_truncated, row->peer, row->timings.dns,
             row->timings.connect, row->timings.tls, row->timings.first_byte, row->timings.total,
             row->next_attempt_at);
    });
}

Result<List<AttemptRow>> all(sql::Connection& sql, const RealmId& realm,
                             const DeliveryId& delivery) {
    static constexpr Query query{"SELECT " ATTEMPT_COLUMNS
                                 " FROM attempts WHERE realm_id = $1 AND delivery_id = $2"
                                 " ORDER BY number"};
    List<AttemptRow> found;
    auto rows = sql.rows(query, realm, delivery);
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace attempts_table

}  // namespace postrider::store
