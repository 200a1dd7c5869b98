#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/resource_index.h"
#include "store/sql/sqlite_connection.h"

namespace postrider::store {

/// Keeps SQLite's index of resources, on a thread of its own: reads on its own connection, and
/// writes through the writer in short closures, between which others have their turns. It looks
/// after a realm when that may have enough events for a slice, and after all of them at its
/// start. Once a minute it drops what retention has emptied.
///
/// A crash leaves entries of a slice that was not published, which nobody sees; the next slice with
/// that number begins by removing them. An error (a full disk, a writer that stops) leaves the
/// slice for later.
class ResourceIndexer {
 public:
    /// Runs `closure` durably and returns what came of it.
    using Write = std::function<Result<void>(const RealmId& realm, Closure closure)>;

    ResourceIndexer(std::unique_ptr<sql::SqliteConnection> connection, const Clock& clock,
                    Write write);
    ~ResourceIndexer();
    ResourceIndexer(const ResourceIndexer&) = delete;
    ResourceIndexer& operator=(const ResourceIndexer&) = delete;

    void start();
    /// Requires: the writer still runs, or answers at once.
    void stop();
    /// `realm` has at most so many new events. Thread-safety: any thread.
    void written(const RealmId& realm, std::uint64_t events);

 private:
    using Entries = std::shared_ptr<const std::vector<resource_index::Entry>>;

    void run();
    std::optional<RealmId> next(Monotonic until);
    using Step = Result<bool> (ResourceIndexer::*)(const RealmId&);
    void look_at_all();
    void drop_all_expired();
    void repeat(Step step, const RealmId& realm);
    bool is_stopping();
    Result<std::vector<resource_index::Entry>> next_entries(const RealmId& realm);
    Result<bool> build_slice(const RealmId& realm);
    Result<bool> drop_expired(const RealmId& realm);
    Result<void> write_slice(const RealmId& realm, Entries entries,
                             const resource_index::Slice& slice);

    std::unique_ptr<sql::SqliteConnection> connection_;
    const Clock& clock_;
    Write write_;

    Mutex mutex_;
    Condition changed_;
    /// Events above the watermark, at most; of a realm that was not looked at yet, since the start.
    std::unordered_map<RealmId, std::uint64_t> unindexed_ GUARDED_BY(mutex_);
    std::set<RealmId> waiting_ GUARDED_BY(mutex_);
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace postrider::store
