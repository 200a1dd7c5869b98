#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace postrider::access {

/// Costly work on a few threads of low priority, from a bounded queue. Thread-safety: any thread.
class WorkQueue {
 public:
    struct Size {
        std::size_t threads;
        std::size_t waiting_max;
    };
    explicit WorkQueue(Size size);
    ~WorkQueue();
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    /// Runs with true, or with false when the queue has stopped.
    using Work = std::function<void(bool runs)>;
    /// Errors: resource_exhausted (Size::waiting_max wait already), unavailable (stopped).
    Result<void> add(Work work);
    /// What waits runs with false.
    void stop();

 private:
    void run();

    const std::size_t waiting_max_;
    Mutex mutex_;
    Condition waiting_;
    std::deque<Work> queue_ GUARDED_BY(mutex_);
    bool is_stopping_ GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

}  // namespace postrider::access
