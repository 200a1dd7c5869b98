#include "access/work_queue.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/memory_guard.h"
#include "base/thread.h"

namespace postrider::access {

namespace {

/// Just behind commits and deliveries, and before reads of lists (store/reader_pool.cc) and the
/// parsing of long bodies (http/workshop.h): a login waits for a hash, and hashes have one core.
constexpr int nice_value = 1;

}  // namespace

WorkQueue::WorkQueue(Size size) : waiting_max_(size.waiting_max) {
    for (std::size_t i = 0; i < size.threads; ++i) {
        threads_.push_back(start_thread("hasher", [this] { run(); }));
    }
}

WorkQueue::~WorkQueue() { stop(); }

void WorkQueue::stop() {
    Turns<Waiting> left;
    {
        const MutexLock lock(mutex_);
        is_stopping_ = true;
        std::swap(left, queue_);
    }
    waiting_.notify_all();
    while (const auto waiting = left.pop()) waiting->work(false);
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

Result<void> WorkQueue::add(const Asker& asker, Work work) {
    {
        const MutexLock lock(mutex_);
        if (is_stopping_) {
            return fail(ErrorCode::unavailable, "the server is stopping; try again in a moment");
        }
        std::size_t& of_realm = waiting_of_realm_[asker.realm];
        if (of_realm >= waiting_max_ - std::min(queue_.size(), waiting_max_)) {
            if (of_realm == 0) waiting_of_realm_.erase(asker.realm);
            return fail(ErrorCode::resource_exhausted,
                        "too many passwords are being checked; try again in a moment");
        }
        ++of_realm;
        queue_.push(asker.realm, asker.who, 1, {asker.realm, std::move(work)});
    }
    waiting_.notify_one();
    return {};
}

void WorkQueue::run() {
    // Linux has a nice value for each thread. That it may fail does no harm.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_value));
    while (true) {
        std::optional<Waiting> next;
        {
            const MutexLock lock(mutex_);
            while (queue_.size() == 0 && !is_stopping_) waiting_.wait(mutex_);
            next = queue_.pop();
            if (!next) return;
            const auto of_realm = waiting_of_realm_.find(next->realm);
            if (--of_realm->second == 0) waiting_of_realm_.erase(of_realm);
        }
        (void)spare_others([&] { next->work(true); });
    }
}

}  // namespace postrider::access
