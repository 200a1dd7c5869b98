#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/turns.h"

namespace postrider {

/// Costly work on a few threads of low priority, from a bounded queue. Realms take turns, and in
/// each the groups of those who ask; a realm has one work at a time, and may have no more waiting
/// than there is room left for the others. In a realm that has its share, one that comes takes the
/// place of what is most crowded: where as many wait from the same group, for the same target.
/// Whoever is known has every second turn, and up to three quarters of the realm's places.
/// Thread-safety: any thread.
class WorkQueue {
 public:
    /// On whose account work is done.
    struct Asker {
        std::string realm;
        std::string who;          ///< within it: where they come from
        std::string group = {};   ///< several of them that are likely one: they share their turns
        std::string target = {};  ///< what they are after, such as an account
        std::uint64_t blame = 0;  ///< the group's failures of late: of equals it gives way first
        bool is_known = false;    ///< has proved of late who they are
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

    enum class Fate {
        runs,
        gives_way,  ///< somebody else has taken its place in the queue
        stopped,    ///< the queue has
    };
    /// Called once, on a thread of the queue; when it gives way, on the thread that calls add().
    using Work = std::function<void(Fate)>;
    /// Errors: resource_exhausted (as many wait already as may, and none of them gives way),
    /// unavailable (stopped).
    Result<void> add(const Asker& asker, Work work);
    /// Whatever waits is called with Fate::stopped.
    void stop();
    std::size_t waiting() const {
        const MutexLock lock(mutex_);
        return waiting_;
    }

 private:
    struct Waiting {
        Asker asker;
        std::uint64_t ticket;  ///< in order of coming
        Work work;
    };
    struct Realm {
        Turns<Waiting> known;        ///< by group and who asks
        Turns<Waiting> strangers;    ///< likewise
        std::uint64_t had = 0;       ///< works of it that have begun
        bool has_one_begun = false;  ///< which has not ended
        bool last_was_known = false;

        std::size_t waiting() const { return known.size() + strangers.size(); }
        void push(Waiting one);
        std::optional<Waiting> pop();
        Waiting push_out();
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
    std::uint64_t last_ticket_ GUARDED_BY(mutex_) = 0;
    bool is_stopping_ GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

}  // namespace postrider
