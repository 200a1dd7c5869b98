#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/store.h"

namespace postrider::store {

/// Deliveries that are still to be written: of each event to each webhook. Of several events of an
/// import there is one row, so that it does not grow with their product.
struct FanOutRow {
    RealmId realm;
    Uuid id;                          ///< ascends in the order in which they are to be written
    std::vector<EventId> events;      ///< in the order in which they are to be written
    std::int64_t config_version = 0;  ///< of the realm, when the events were accepted
    std::vector<WebhookId> webhooks;  ///< that subscribed to them then
    bool is_readable = true;          ///< false: it is damaged, and means nothing
    bool is_set = false;              ///< it was made of several events
};

namespace fan_outs_table {
Result<void> insert_all(Transaction& tx, std::span<const FanOutRow> rows);
/// The realm's oldest. nullopt: every delivery of the realm is written.
Result<std::optional<FanOutRow>> first(sql::Connection& sql, const RealmId& realm);
/// Also a row that cannot be read.
Result<void> remove(Transaction& tx, const FanOutRow& row);
/// The first `count` events of `row` are written. Requires: it has more.
Result<void> shorten(Transaction& tx, const FanOutRow& row, std::size_t count);
/// Of one event to limits::fan_out_part_deliveries webhooks at most. Counts to `limit` or a little
/// more.
Result<std::size_t> count(sql::Connection& sql, const RealmId& realm, std::size_t limit);
/// The realms that have any.
Result<std::vector<RealmId>> realms(sql::Connection& sql);
}  // namespace fan_outs_table

}  // namespace postrider::store
