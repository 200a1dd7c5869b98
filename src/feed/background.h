#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "base/mutex.h"

namespace postrider::feed {

/// A thread that runs tasks in the order in which they came. A long one runs in slices: each ends
/// by posting the next, so that others come between. Thread-safety: any thread.
class Background {
 public:
    /// `nice`: of the thread.
    Background(std::string thread_name, int nice);
    ~Background() { stop(); }
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    /// Never waits for a task. After stop() it does nothing.
    void post(std::function<void()> task);
    /// Ends what runs, and drops what waits. Requires: not called by a task.
    void stop();

 private:
    void loop();

    Mutex mutex_;
    Condition changed_;
    std::deque<std::function<void()>> tasks_ GUARDED_BY(mutex_);
    bool is_stopping_ GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace postrider::feed
