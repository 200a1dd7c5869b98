#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/turns.h"

namespace postrider {

/// Costly work on a few threads of low priority, from a bounded queue. Realms take turns, and those
/// who ask in each; a realm has one work at a time, and may have no more waiting than there is room
/// left for the others.
/// Thread-safety: any thread.
class WorkQueue {
 public:
    /// On whose account work is done.
    struct Asker {
        std::string realm;
        std::string who;  ///< within it: where they come from
    };
    struct Options {
        std::size_t threads;
        std::size_t waiting_max;
        std::string thread_name;
        int nice;               ///< of the threads
        std::string when_full;  ///< what whoever comes then is told
    };
    explicit WorkQueue(Options options);
    ~WorkQueue();
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    /// Runs with true, or with false when the queue has stopped.
    using Work = std::function<void(bool runs)>;
    /// Errors: resource_exhausted (as many wait already as may), unavailable (stopped).
    Result<void> add(const Asker& asker, Work work);
    /// What waits runs with false.
    void stop();
    std::size_t waiting() const {
        const MutexLock lock(mutex_);
        return waiting_;
    }

 private:
    struct Realm {
        Turns<Work> waiting;         ///< by who asks
        std::uint64_t had = 0;       ///< works of it that have begun
        bool has_one_begun = false;  ///< which has not ended
    };
    using Realms = std::map<std::string, Realm>;

    void run();
    Realms::iterator next() REQUIRES_LOCK(mutex_);

    const Options options_;
    mutable Mutex mutex_;
    Condition changed_;
    Realms realms_ GUARDED_BY(mutex_);  ///< that have any
    std::size_t waiting_ GUARDED_BY(mutex_) = 0;
    std::uint64_t had_ GUARDED_BY(mutex_) = 0;  ///< of the realm that was last served: who comes
                                                ///< new begins level with it
    bool is_stopping_ GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

}  // namespace postrider
