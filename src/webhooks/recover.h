#pragma once

#include <functional>
#include <optional>

#include "base/json.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "model/actor.h"
#include "model/ids.h"
#include "store/rows.h"
#include "store/store.h"

/// The operation `recover`: makes pending again what a webhook lacks of the events accepted in a
/// span: deliveries that failed or were cancelled, and matching events without a delivery. It first
/// counts, then does; both in steps of at most limits::recover_step_deliveries events, with its
/// cursor in the operation's row, so that it goes on after a restart.
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

/// The JSON of an operation, in answers.
void write_operation(json::Writer& writer, const store::OperationRow& row);

/// Does the steps of recoveries and retries, one after the other, on the store's own threads: a
/// look at a snapshot, then a short write, until nothing runs. Thread-safety: any thread. Lifetime:
/// the store is stopped before it goes.
class Recoveries {
 public:
    /// Told that deliveries of a webhook are pending as of a commit, on the writer's thread.
    using Wake = std::function<void(const RealmId&, const WebhookId&, store::CommitNumber)>;

    /// Told why the work ended although operations run; it goes on with the next proceed().
    using Waiting = std::function<void(const Error&)>;

    Recoveries(store::Store& store, Wake wake, Waiting waiting = {})
        : store_(store), wake_(std::move(wake)), waiting_(std::move(waiting)) {}
    Recoveries(const Recoveries&) = delete;
    Recoveries& operator=(const Recoveries&) = delete;

    /// Goes on with whatever runs: at start, after the commit of start_recovery, and now and then,
    /// because a store that is busy or full ends the work until the next call.
    void proceed();

 private:
    void step();
    void pause();
    void wait(const Error& error);

    store::Store& store_;
    Wake wake_;
    Waiting waiting_;
    Mutex mutex_;
    bool is_busy_ GUARDED_BY(mutex_) = false;
    OperationId last_ GUARDED_BY(mutex_);             // they take turns
    bool is_asked_again_ GUARDED_BY(mutex_) = false;  // since the last look for what runs
};

}  // namespace postrider::webhooks
