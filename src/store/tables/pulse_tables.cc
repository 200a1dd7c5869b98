// What tells that something in a realm has changed, from the ends of its indexes.
#include "store/tables.h"

namespace postrider::store {

using sql::Query;

namespace {

Result<std::optional<Uuid>> newest(sql::Connection& sql, const Query& query, const RealmId& realm) {
    auto rows = sql.rows(query, realm);
    std::optional<Uuid> id;
    if (rows.next()) id = rows.uuid(0);
    POSTRIDER_TRY(rows.finish());
    return id;
}

/// A backlog of a million must not be counted every second.
Result<std::int64_t> count_in_state(sql::Connection& sql, const RealmId& realm,
                                    std::string_view state, std::int64_t count_max) {
    // The second condition is the index's own.
    static constexpr Query query{
        "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE realm_id = $1 AND state = $2 "
        "AND state <> 'delivered' LIMIT $3) AS counted"};
    auto rows = sql.rows(query, realm, state, count_max);
    const std::int64_t count = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return count;
}

template <typename IdType>
std::optional<IdType> typed(const std::optional<Uuid>& id) {
    if (!id) return std::nullopt;
    return IdType{*id};
}

}  // namespace

Result<PulseRow> read_pulse(sql::Connection& sql, const RealmId& realm, std::int64_t count_max) {
    static constexpr Query events{
        "SELECT id FROM events WHERE realm_id = $1 ORDER BY id DESC LIMIT 1"};
    static constexpr Query deliveries{
        "SELECT id FROM deliveries WHERE realm_id = $1 ORDER BY id DESC LIMIT 1"};
    static constexpr Query changes{
        "SELECT id FROM audit WHERE realm_id = $1 ORDER BY id DESC LIMIT 1"};
    PulseRow pulse;
    POSTRIDER_ASSIGN(const auto event, newest(sql, events, realm));
    POSTRIDER_ASSIGN(const auto delivery, newest(sql, deliveries, realm));
    POSTRIDER_ASSIGN(pulse.newest_change, newest(sql, changes, realm));
    POSTRIDER_ASSIGN(pulse.pending, count_in_state(sql, realm, "pending", count_max));
    POSTRIDER_ASSIGN(pulse.failed, count_in_state(sql, realm, "failed", count_max));
    pulse.newest_event = typed<EventId>(event);
    pulse.newest_delivery = typed<DeliveryId>(delivery);
    return pulse;
}

}  // namespace postrider::store
