#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "model/actor.h"
#include "model/ids.h"
#include "store/delivery_search.h"
#include "store/rows.h"
#include "store/store.h"

/// The operation `retry`: attempts again all deliveries that match some filters. What is pending is
/// made due now (store/attempt_now.h), what has failed or was cancelled is redelivered. It first
/// counts, then does, from the newest delivery to the oldest, each once; in steps whose cursor is
/// in the operation's row, so that it goes on after a restart (webhooks/recoveries.h runs them).
namespace postrider::webhooks {

inline constexpr std::string_view retry_kind = "retry";

/// Tests never match, nor does what belongs to a deleted webhook.
struct RetryFilter {
    DeliveryState state = DeliveryState::failed;  ///< pending, failed or cancelled
    std::optional<WebhookId> webhook;
    std::optional<ResourceId> resource;
    std::string event_type;
    std::optional<Timestamp> since;  ///< when the delivery was made: [since, until)
    std::optional<Timestamp> until;
    store::deliveries_table::AttemptFilter last_attempt;
};

struct Matching {
    std::int64_t count = 0;
    bool is_more = false;  ///< counted to limits::pulse_count_max, or not looked any further
};
/// What start_retry() would attempt.
Result<Matching> count_retry(store::sql::Connection& sql, const RealmId& realm,
                             const RetryFilter& filter);

/// Errors: not_found (the webhook); conflict (a retry of the same webhook, or of all, runs).
Result<store::OperationRow> start_retry(store::Transaction& tx, const RealmId& realm,
                                        const RetryFilter& filter, const Actor& actor);

/// One step of a retry, seen on a snapshot.
struct RetryStep {
    std::vector<DeliveryId> deliveries;
    DeliveryState state = DeliveryState::failed;
    bool is_counting = true;
    bool is_complete = true;  ///< there are none after these
    DeliveryId before;        ///< where the next step goes on
};
/// Looks at up to `deliveries_max` deliveries. Errors: corrupt (the operation's row);
/// read_too_long().
Result<RetryStep> look_at_retry(store::sql::Connection& sql, const store::OperationRow& row,
                                std::size_t deliveries_max);
/// Does the step, moves the cursor and counts in `row`. The webhooks that have something due by it.
Result<std::vector<WebhookId>> do_retry(store::Transaction& tx, store::OperationRow& row,
                                        const RetryStep& step);

}  // namespace postrider::webhooks
