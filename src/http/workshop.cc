#include "http/workshop.h"

#include <sys/resource.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "base/memory_guard.h"
#include "base/thread.h"

namespace postrider::http {

void Workshop::start(std::string thread_name, int nice) {
    thread_ = start_thread(std::move(thread_name), [this, nice] {
        // Linux has a nice value for each thread. That it may fail does no harm.
        static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice));
        loop();
    });
}

void Workshop::run(const Shares::Holders& holders, std::uint64_t cost, std::function<void()> work) {
    const std::string& group = holders.back();
    const std::string& member = holders[holders.size() >= 2 ? holders.size() - 2 : 0];
    {
        const MutexLock lock(mutex_);
        if (!is_stopping_) waiting_.push(group, member, cost, std::move(work));
    }
    changed_.notify_one();
}

void Workshop::loop() {
    while (true) {
        std::optional<std::function<void()>> work;
        {
            const MutexLock lock(mutex_);
            while (waiting_.size() == 0 && !is_stopping_) changed_.wait(mutex_);
            if (is_stopping_) return;
            work = waiting_.pop();
        }
        // What it was to answer is told 500.
        (void)spare_others(*work);
    }
}

void Workshop::stop() {
    Turns<std::function<void()>> dropped;
    {
        const MutexLock lock(mutex_);
        is_stopping_ = true;
        std::swap(dropped, waiting_);
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

}  // namespace postrider::http
