#pragma once

#include <functional>
#include <map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "events/fan_out.h"
#include "store/cancellations_table.h"
#include "store/store.h"

namespace postrider::webhooks {

/// Works off what is still to be cancelled, part by part, so that nobody who wants to write in
/// between waits for a great backlog. What a crash leaves over is taken up by resume().
/// Thread-safety: any thread.
class Cancellations {
 public:
    /// Does one part of `row`, from `since` on. Runs in a transaction of its own.
    struct Done {
        bool is_finished = false;  ///< the row is removed
        Timestamp since{};         ///< where the next part goes on
        bool waits = false;        ///< for the deliveries of the realm that are still to be written
    };
    using Part = std::function<Result<Done>(store::Transaction&, const store::CancellationRow& row,
                                            Timestamp since)>;

    Cancellations(store::Store& store, events::FanOut& fan_out)
        : store_(store), fan_out_(fan_out) {}
    Cancellations(const Cancellations&) = delete;
    Cancellations& operator=(const Cancellations&) = delete;

    /// Requires: called once, before the others.
    void set_part(Part part) { part_ = std::move(part); }
    /// Goes on with every realm that has some. Call it at the start, and from time to time: for
    /// what an error of the store has stopped, and for what a node left that has died.
    void resume();
    /// The realm has some, in a transaction that is committed.
    void proceed(const RealmId& realm);
    /// Calls `then` when the realm has none left, from any thread; also when an error stops it:
    /// they are durable, and resume() goes on with them.
    void when_done(const RealmId& realm, std::function<void()> then);

 private:
    struct Progress {
        Uuid row;  ///< the one that `since` is of
        Timestamp since{};
        bool again = false;  ///< there may be new ones
        bool has_waited = false;
        std::vector<std::function<void()>> waiting;
    };
    struct Step {
        bool is_empty = false;  ///< there was nothing to do
        Uuid row;
        Done done;
    };
    void step(const RealmId& realm);
    Result<Step> do_part(store::Transaction& tx, const RealmId& realm, const Uuid& row,
                         Timestamp since);
    void advance(const RealmId& realm, const Result<Step>& step);

    store::Store& store_;
    events::FanOut& fan_out_;
    Part part_;
    Mutex mutex_;
    std::map<RealmId, Progress> realms_ GUARDED_BY(mutex_);  ///< those of which a step is under way
};

}  // namespace postrider::webhooks
