#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "store/store.h"
#include "webhooks/target.h"

namespace postrider::webhooks {

/// After a change of the settings that a realm's targets depend on: builds them all again, some at
/// a time, from snapshots of the store, so that nobody's commit waits for it. Thread-safety: any
/// thread. Lifetime: the store is stopped before it goes.
class TargetRebuilds {
 public:
    struct Part {
        std::vector<SharedTarget> targets;
        /// Behind which webhook the next part goes on; nullopt: there is none.
        std::optional<WebhookId> last;
    };
    /// Builds the targets of the next limits::targets_built_at_once webhooks, on a reader's thread.
    using Build = std::function<Result<Part>(store::sql::Connection&, const RealmId&,
                                             std::optional<WebhookId> last)>;
    using Tell = std::function<void(SharedTarget)>;

    explicit TargetRebuilds(store::Store& store) : store_(store) {}
    TargetRebuilds(const TargetRebuilds&) = delete;
    TargetRebuilds& operator=(const TargetRebuilds&) = delete;

    /// Requires: called once, before the others.
    void set_up(Build build, Tell tell);
    /// The realm's settings have changed, in a transaction that is committed.
    void proceed(const RealmId& realm);
    /// Calls `then`, from any thread, when all targets of the realm are as its settings are now;
    /// also when an error of the store stops it: resume() goes on with it.
    void when_done(const RealmId& realm, std::function<void()> then);
    /// Goes on with what an error has stopped. Call it from time to time.
    void resume();

 private:
    struct Progress {
        std::optional<WebhookId> last;
        bool again = false;  ///< the settings have changed since it began
        bool is_stopped = false;
        std::vector<std::function<void()>> waiting;
    };
    void step(const RealmId& realm);
    void advance(const RealmId& realm, Result<Part> part);

    store::Store& store_;
    Build build_;
    Tell tell_;
    Mutex mutex_;
    std::map<RealmId, Progress> realms_ GUARDED_BY(mutex_);  ///< those that are not done
};

}  // namespace postrider::webhooks
