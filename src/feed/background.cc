#include "feed/background.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "base/memory_guard.h"
#include "base/thread.h"

namespace postrider::feed {

Background::Background(std::string thread_name, int nice) {
    thread_ = start_thread(std::move(thread_name), [this, nice] {
        // Linux has a nice value for each thread. That it may fail does no harm.
        static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice));
        loop();
    });
}

void Background::post(std::function<void()> task) {
    {
        const MutexLock lock(mutex_);
        if (is_stopping_) return;
        tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
}

void Background::loop() {
    while (true) {
        std::function<void()> task;
        {
            const MutexLock lock(mutex_);
            while (tasks_.empty() && !is_stopping_) changed_.wait(mutex_);
            if (is_stopping_) return;
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        (void)spare_others(task);
    }
}

void Background::stop() {
    std::deque<std::function<void()>> dropped;
    {
        const MutexLock lock(mutex_);
        is_stopping_ = true;
        dropped.swap(tasks_);
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

}  // namespace postrider::feed
