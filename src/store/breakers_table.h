#pragma once

#include <optional>

#include "base/time.h"
#include "store/store.h"

/// The breakers that are open (delivery/admission/breaker.h): a restart and a take-over know them.
namespace postrider::store {

/// What is kept of an open one.
struct BreakerRow {
    Timestamp opened_at;      ///< by the wall clock, for people
    Timestamp next_probe_at;  ///< by the time that deliveries are due by
    Duration wait{0};         ///< before it; doubles with each probe that fails
    bool operator==(const BreakerRow&) const = default;
};

namespace breakers_table {
/// nullopt: it is closed; one that cannot be read counts as closed.
Result<std::optional<BreakerRow>> find(sql::Connection& sql, const RealmId& realm,
                                       const WebhookId& webhook);
Result<void> put(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                 const BreakerRow& row);
/// Its next probe is due at `now`, if it was not before. No-op when it is closed.
Result<void> hurry(Transaction& tx, const RealmId& realm, const WebhookId& webhook, Timestamp now);
/// It is closed. No-op when it was.
Result<void> remove(Transaction& tx, const RealmId& realm, const WebhookId& webhook);
}  // namespace breakers_table

}  // namespace postrider::store
