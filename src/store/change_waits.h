#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/uuid.h"
#include "store/cluster.h"

namespace postrider::store {

/// The changes of this node whose writers wait until every node goes by them, as numbers.
/// Thread-safety: any thread. What it tells runs on the caller's thread, without its mutex.
class ChangeWaits {
 public:
    explicit ChangeWaits(const Clock& clock) : clock_(clock) {}

    /// Until then, and after close(), nobody waits.
    void open();
    /// Tells all who wait.
    void close();

    /// For a transaction that is about to commit; committed() or forget() follows. 0: nobody waits.
    std::uint64_t begin(const std::vector<Announcement>& what);
    /// `done` when every node has acknowledged it, or after limits::change_wait_max.
    void committed(std::uint64_t number, std::function<void()> done);
    void forget(std::uint64_t number);
    void acknowledged(const Uuid& by, std::span<const std::uint64_t> numbers);

    bool is_empty() const;
    /// Whether anybody waits for the nodes, not for a commit.
    bool has_committed() const;
    struct Change {
        std::uint64_t number = 0;
        std::vector<Announcement> what;
    };
    /// Tells those whose change all of `nodes` have acknowledged; returns what should be said
    /// again.
    std::vector<Change> end_known(std::span<const Uuid> nodes);
    /// It is committed, and nodes that do not answer will read it: nobody waits for ever.
    void end_old();

 private:
    struct Wait {
        std::vector<Announcement> what;
        std::function<void()> done;  ///< none: not committed yet
        std::set<Uuid> acknowledged;
        Monotonic since{};
        Monotonic said_at{};
    };
    template <typename F>
    void end(F is_over);

    const Clock& clock_;
    mutable Mutex mutex_;
    std::map<std::uint64_t, Wait> waits_ GUARDED_BY(mutex_);
    std::uint64_t last_ GUARDED_BY(mutex_) = 0;
    bool is_open_ GUARDED_BY(mutex_) = false;
};

}  // namespace postrider::store
