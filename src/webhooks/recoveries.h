#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"
#include "model/ids.h"
#include "store/store.h"

namespace postrider::webhooks {

/// Does the steps of recoveries and retries (recover.h, retry.h) on the store's own threads: a look
/// at a snapshot, among the long reads, then a short write, until nothing runs. Realms take turns,
/// and so do the operations of a realm. What goes wrong with one of them is its own affair: one
/// that cannot be read, or whose looks take too long however small they are, ends as failed with
/// the reason; one that cannot even be written to is passed over until the next start, and logged.
/// Thread-safety: any thread. Lifetime: the store is stopped before it goes.
class Recoveries {
 public:
    /// Notified that deliveries of a webhook are pending as of a commit, on the writer's thread.
    using Wake = std::function<void(const RealmId&, const WebhookId&, store::CommitNumber)>;

    /// Notified why the work of a realm, or of all (nil), ended although operations run; it goes on
    /// with the next proceed().
    using Waiting = std::function<void(const RealmId&, const Error&)>;

    Recoveries(store::Store& store, Wake wake, Waiting waiting = {})
        : store_(store), wake_(std::move(wake)), waiting_(std::move(waiting)) {}
    Recoveries(const Recoveries&) = delete;
    Recoveries& operator=(const Recoveries&) = delete;

    /// Goes on with whatever runs: at start, and now and then, because a store that is busy or full
    /// ends the work until the next call.
    void proceed();
    /// The realm has a new one, in a transaction that is committed.
    void proceed(const RealmId& realm);

 private:
    /// Of a realm of which a step is under way, or waits for the store.
    struct Progress {
        bool is_under_way = false;
        bool again = false;  ///< there may be new ones
        std::string last;    ///< the key of the operation that had the last turn
        /// How many events or deliveries the next look at an operation takes, where that is less
        /// than usual: its looks took too long.
        std::map<std::string, std::size_t> sizes;
    };
    struct Task;
    struct Look;
    static Result<Look> look(store::sql::Connection& sql, const RealmId& realm,
                             const Progress& progress, const std::set<std::string>& passed_over);
    static Result<void> do_task(store::Transaction& tx, const Task& task, const Wake& wake);

    void step(const RealmId& realm);
    void looked(const RealmId& realm, Result<Look> look);
    void write(const RealmId& realm, const std::string& key, Task task);
    /// The look or the write of an operation did not succeed.
    void went_wrong(const RealmId& realm, const std::string& key, const Error& error);
    void fail(const RealmId& realm, const std::string& key, const std::string& reason);
    void pass_over(const RealmId& realm, const std::string& key, const Error& error);
    /// Halves what the next look takes. Returns false when it took the least already.
    bool take_less(const RealmId& realm, const std::string& key);
    void wait(const RealmId& realm, const Error& error);
    /// Nothing of it runs.
    void end(const RealmId& realm);

    store::Store& store_;
    Wake wake_;
    Waiting waiting_;
    Mutex mutex_;
    std::map<RealmId, Progress> realms_ GUARDED_BY(mutex_);
    std::map<RealmId, std::set<std::string>> passed_over_ GUARDED_BY(mutex_);  ///< by their keys
};

}  // namespace postrider::webhooks
