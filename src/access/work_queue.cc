#include "access/work_queue.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "base/memory_guard.h"
#include "base/thread.h"

namespace postrider::access {

namespace {

/// Behind commits and deliveries, and before the parsing of long bodies (http/workshop.h).
constexpr int nice_value = 5;

}  // namespace

WorkQueue::WorkQueue(Size size) : waiting_max_(size.waiting_max) {
    for (std::size_t i = 0; i < size.threads; ++i) {
        threads_.push_back(start_thread("hasher", [this] { run(); }));
    }
}

WorkQueue::~WorkQueue() { stop(); }

void WorkQueue::stop() {
    std::deque<Work> left;
    {
        const MutexLock lock(mutex_);
        is_stopping_ = true;
        left.swap(queue_);
    }
    waiting_.notify_all();
    for (const Work& work : left) work(false);
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

Result<void> WorkQueue::add(Work work) {
    {
        const MutexLock lock(mutex_);
        if (is_stopping_) {
            return fail(ErrorCode::unavailable, "the server is stopping; try again in a moment");
        }
        if (queue_.size() >= waiting_max_) {
            return fail(ErrorCode::resource_exhausted,
                        "too many passwords are being checked; try again in a moment");
        }
        queue_.push_back(std::move(work));
    }
    waiting_.notify_one();
    return {};
}

void WorkQueue::run() {
    // Linux has a nice value for each thread. That it may fail does no harm.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_value));
    while (true) {
        Work work;
        {
            const MutexLock lock(mutex_);
            while (queue_.empty() && !is_stopping_) waiting_.wait(mutex_);
            if (queue_.empty()) return;
            work = std::move(queue_.front());
            queue_.pop_front();
        }
        (void)spare_others([&] { work(true); });
    }
}

}  // namespace postrider::access
