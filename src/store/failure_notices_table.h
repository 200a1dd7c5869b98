#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "store/list.h"
#include "store/store.h"

/// What was told of a webhook's failed deliveries, and what is not told yet: there is one event a
/// minute at most (webhooks/operational.h).
namespace postrider::store {

struct FailureNotice {
    RealmId realm;
    WebhookId webhook;
    Timestamp told_at;        ///< the last event
    Timestamp since;          ///< the first failure that is not told
    std::int64_t untold = 0;  ///< how many
    bool holds_too_many = false;
    std::string last;  ///< the last failure, a JSON object
};

namespace failure_notices_table {
/// nullopt: none, or one that cannot be read.
Result<std::optional<FailureNotice>> find(sql::Connection& sql, const RealmId& realm,
                                          const WebhookId& webhook);
/// Those last told before `before`, oldest first.
Result<List<FailureNotice>> older(sql::Connection& sql, Timestamp before, std::size_t limit);
/// More failures that are not told.
Result<void> add(Transaction& tx, const FailureNotice& more);
/// All of it is told, now. Returns false, and does nothing, when it is no longer as `seen` has it.
Result<bool> tell(Transaction& tx, const FailureNotice& seen, Timestamp now);
/// It is told, for the first time.
Result<void> begin(Transaction& tx, const RealmId& realm, const WebhookId& webhook, Timestamp now);
/// Nothing of it is untold. No-op when it is no longer as `seen` has it.
Result<void> end(Transaction& tx, const FailureNotice& seen);
/// The webhook is gone. No-op when there is none.
Result<void> remove(Transaction& tx, const RealmId& realm, const WebhookId& webhook);
}  // namespace failure_notices_table

}  // namespace postrider::store
