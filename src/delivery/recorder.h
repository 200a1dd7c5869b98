#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/steady_time.h"
#include "delivery/decision.h"
#include "delivery/lane.h"
#include "delivery/ports.h"
#include "delivery/turning_notes.h"
#include "model/limits.h"
#include "store/hold_rooms.h"
#include "store/order_table.h"
#include "store/store.h"

namespace postrider::delivery {

/// An attempt that ended, on its way into the store.
struct Outcome {
    Held held;  ///< the delivery before the attempt
    Decision decision;
    store::AttemptRow attempt;
    bool tombstone = false;
    std::uint32_t flight_slot = 0;
    bool is_planned = true;  ///< by the scheduler; tests are not, and belong to no lane
    std::int64_t epoch = 0;  ///< of its lane when it was attempted
    /// What it made of its lane's breaker.
    admission::Breaker::Change breaker = {};
    /// Whether its webhook may have a health row, which a success clears. The recorder's.
    bool was_failing = false;
    /// Whether it must be read how long its webhook has failed. The recorder's.
    bool is_looked_up = true;
    /// Whether what follows from it for its webhook is left out. The recorder's.
    bool is_bare = false;
    std::function<void(Result<void>)> recorded;  ///< for tests; may be empty
};

/// What became of an outcome in the store.
enum class Verdict {
    applied,     ///< the delivery took the decided state
    superseded,  ///< the attempt is recorded; the delivery was cancelled or settled meanwhile
    fenced,      ///< nothing was written: the lane has become another node's
};

/// Since when a webhook has failed, as its health row says.
struct FailingSince {
    WebhookId webhook;
    Timestamp since;
};

/// Outcomes of one commit, back from the writer.
struct RecordedBatch {
    std::shared_ptr<std::vector<Outcome>> outcomes;
    std::vector<Verdict> verdicts;      ///< one for each outcome; none when `result` is an error
    std::vector<Turning> turnings;      ///< what the log is to tell
    std::vector<FailingSince> failing;  ///< of webhooks that failed and whose row was looked at
    store::order_table::Lanes let_go;   ///< lanes that have something due by it
    Timestamp at;                       ///< since when
    store::CommitNumber commit = 0;
    Result<void> result;
};

/// Writes outcomes in batches: attempt row, delivery state, the webhook's health, and what is
/// counted of them, one transaction.
/// One batch is under way at a time; what ends meanwhile makes the next one. A batch that could not
/// be written is written again: nothing is forgotten while the process lives. Where that was not
/// for want of the store, its outcomes are written one by one; and of one that cannot be written
/// even so, what the delivery came to without what follows from it for its webhook.
/// Thread-safety: the engine's thread; `done` is called on the writer's.
class Recorder {
 public:
    /// `ownership` may be nullptr: no other node has lanes.
    Recorder(store::Store& store, const Clock& clock, const WebhookActions& actions,
             const Ownership* ownership, std::function<void(RecordedBatch)> done)
        : store_(store),
          clock_(clock),
          actions_(actions),
          ownership_(ownership),
          done_(std::move(done)) {}

    void add(Outcome outcome) { waiting_.push_back(std::move(outcome)); }
    /// Hands what waits to the writer, unless a batch is under way. `is_quiet`: no lane waits for
    /// a read of what is recorded.
    void flush(bool is_quiet = false);
    /// A batch came back through `done`. Its outcomes wait again when it failed.
    void finished(const RecordedBatch& batch);
    std::size_t unrecorded() const { return waiting_.size() + under_way_; }

    /// Webhooks with failures on record, as the store has them at start.
    void set_failing(const WebhookId& webhook) { failing_.try_emplace(webhook); }

 private:
    struct Failing {
        Timestamp since{};      ///< as of `looked_at`
        Monotonic looked_at{};  ///< never
    };
    /// Requires: something waits.
    std::size_t next_batch_size();
    bool is_looked_up(const Failing& failing, Timestamp steady_now) const;

    store::Store& store_;
    const Clock& clock_;
    /// How long a webhook fails counts by it: a clock that is set disables nobody (promise 7).
    SteadyTime steady_{limits::clock_step_min};
    const WebhookActions& actions_;
    const Ownership* ownership_;
    std::function<void(RecordedBatch)> done_;
    std::vector<Outcome> waiting_;
    std::size_t under_way_ = 0;
    store::HoldRooms rooms_;  ///< of the transaction that is under way
    std::size_t alone_ = 0;   ///< so many of those that wait are written one by one, from the first
    /// Which webhooks may have a health row, so that a success of the others writes nothing there;
    /// and since when, so that it is not read with every failure.
    std::unordered_map<WebhookId, Failing> failing_;
};

}  // namespace postrider::delivery
