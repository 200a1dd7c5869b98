#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "model/actor.h"
#include "model/ids.h"
#include "store/rows.h"
#include "store/store.h"

/// The operation `recover`: makes pending again what a webhook lacks of the events accepted in a
/// span: deliveries that failed or were cancelled, and matching events without a delivery. It first
/// counts, then does; both in steps of at most limits::recover_step_deliveries events, with its
/// cursor in the operation's row, so that it goes on after a restart (webhooks/recoveries.h runs
/// them).
namespace postrider::webhooks {

/// Accepted in [since, until).
struct Span {
    Timestamp since;
    std::optional<Timestamp> until;  ///< none: now
};

/// What a recovery of the span would make pending, without doing it.
struct Lacking {
    std::int64_t lost = 0;    ///< deliveries that failed or were cancelled
    std::int64_t missed = 0;  ///< events without a delivery
    bool is_more = false;     ///< the oldest events alone were looked at
};
/// Errors: not_found; conflict (the webhook is disabled).
Result<Lacking> count_recovery(store::sql::Connection& sql, const RealmId& realm,
                               const WebhookId& webhook, const Span& span);

/// Errors: not_found; conflict (the webhook is disabled, or another recovery of it runs).
Result<store::OperationRow> start_recovery(store::Transaction& tx, const RealmId& realm,
                                           const WebhookId& webhook, const Span& span,
                                           const Actor& actor);

/// Stops an operation after its current step. Errors: not_found; conflict (it has ended).
Result<store::OperationRow> cancel_operation(store::Transaction& tx, const RealmId& realm,
                                             const OperationId& id, const Actor& actor);

inline constexpr std::string_view recover_kind = "recover";

/// One step of a recovery, seen on a snapshot.
struct RecoveryStep {
    /// A delivery to take back, or an event that is to get one.
    struct Lack {
        EventId event;
        std::optional<DeliveryId> delivery;
    };
    WebhookId webhook;
    bool is_counting = true;
    std::vector<Lack> lacks;
    Uuid last;                ///< the last event that was looked at
    bool is_complete = true;  ///< there is none after it
    std::string problem;      ///< why the webhook cannot get anything; "" when it can
};
/// Looks at up to `events_max` events, fewer when that takes long; at one at least. What cannot be
/// read of them is left out, and logged. Errors: corrupt (the operation's row, the webhook's
/// filter); read_too_long().
Result<RecoveryStep> look_at_recovery(store::sql::Connection& sql, const store::OperationRow& row,
                                      std::size_t events_max);
/// Does the step, moves the cursor and counts in `row`. The webhook, if it has something due by it.
Result<std::vector<WebhookId>> do_recovery(store::Transaction& tx, store::OperationRow& row,
                                           const RecoveryStep& step);

/// The error of a running operation one of whose columns says nothing to this version.
std::unexpected<Error> unreadable_operation(const store::OperationRow& row,
                                            std::string_view column);
/// The JSON of an operation, in answers.
void write_operation(json::Writer& writer, const store::OperationRow& row);

}  // namespace postrider::webhooks
