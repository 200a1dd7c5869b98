#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/store.h"

namespace postrider::store {

/// Deliveries of one event that are still to be written.
struct FanOutRow {
    RealmId realm;
    Uuid id;  ///< ascends in the order in which they are to be written
    EventId event;
    std::int64_t config_version = 0;  ///< of the realm, when the event was accepted
    std::vector<WebhookId> webhooks;  ///< that subscribed to it then
    bool is_readable = true;          ///< false: it is damaged, and means nothing
};

namespace fan_outs_table {
Result<void> insert_all(Transaction& tx, std::span<const FanOutRow> rows);
/// The realm's oldest. nullopt: every delivery of the realm is written.
Result<std::optional<FanOutRow>> first(sql::Connection& sql, const RealmId& realm);
Result<void> remove(Transaction& tx, const RealmId& realm, const Uuid& id);
/// The row that first() gives, also when it cannot be read.
Result<void> remove_first(Transaction& tx, const RealmId& realm);
/// Counts to `limit` at most.
Result<std::size_t> count(sql::Connection& sql, const RealmId& realm, std::size_t limit);
/// The realms that have any.
Result<std::vector<RealmId>> realms(sql::Connection& sql);
}  // namespace fan_outs_table

}  // namespace postrider::store
