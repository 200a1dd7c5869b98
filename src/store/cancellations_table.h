#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace postrider::store {

/// Pending deliveries that are still to be cancelled, part by part.
struct CancellationRow {
    RealmId realm;
    Uuid id;            ///< ascends in the order in which they are worked off
    WebhookId webhook;  ///< nil: all webhooks of the realm, which is deleted
    std::string reason;
    Timestamp at;  ///< when the webhook was disabled or deleted
    /// Its deliveries stay: the event about the deletion itself.
    std::optional<EventId> except;
    /// Only older deliveries: the webhook was enabled again then.
    std::optional<Uuid> before;
    bool is_readable = true;  ///< false: it is damaged, and means nothing
};

namespace cancellations_table {
Result<void> insert(Transaction& tx, const CancellationRow& row);
/// The realm's oldest.
Result<std::optional<CancellationRow>> first(sql::Connection& sql, const RealmId& realm);
Result<void> remove(Transaction& tx, const RealmId& realm, const Uuid& id);
/// The row that first() gives, also when it cannot be read.
Result<void> remove_first(Transaction& tx, const RealmId& realm);
/// Whether deliveries of the webhook are still to be cancelled.
Result<bool> is_open(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook);
/// The webhook is enabled again: deliveries from `before` on are not meant.
Result<void> end_at(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                    const Uuid& before);
/// The realms that have any.
Result<std::vector<RealmId>> realms(sql::Connection& sql);

/// What a part has done.
struct Part {
    std::size_t count = 0;
    Timestamp last_due_at{};  ///< of the last one: the next part goes on there
};
/// Cancels at most `limit` deliveries that `row` means and that are due at `since` or later.
/// Requires: `row` names a webhook.
Result<Part> cancel(Transaction& tx, const CancellationRow& row, Timestamp since,
                    std::size_t limit);
}  // namespace cancellations_table

}  // namespace postrider::store
