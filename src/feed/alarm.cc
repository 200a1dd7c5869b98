#include "feed/alarm.h"

#include <vector>

namespace postrider::feed {

Alarm::Ticket Alarm::set(Monotonic when, std::function<void()> task) {
    const MutexLock lock(mutex_);
    const Ticket ticket = ++last_;
    tasks_.emplace(Key{when, ticket}, std::move(task));
    moments_.emplace(ticket, when);
    arm();
    return ticket;
}

void Alarm::cancel(Ticket ticket) {
    const MutexLock lock(mutex_);
    const auto moment = moments_.find(ticket);
    if (moment == moments_.end()) return;
    tasks_.erase({moment->second, ticket});
    moments_.erase(moment);
}

/// The one timer stands at the earliest, or before it.
void Alarm::arm() {
    if (tasks_.empty()) return;
    const Monotonic first = tasks_.begin()->first.first;
    if (armed_ && *armed_ <= first) return;
    armed_ = first;
    // What the loop's own thread posts may come behind what others post after it: each takes the
    // moment that holds when it runs.
    loop_.post([this] { set_timer(); });
}

void Alarm::set_timer() {
    const MutexLock lock(mutex_);
    if (!armed_) return;
    timer_->expire_at(*armed_, [this, armed = *armed_] { expire(armed); });
}

void Alarm::expire(Monotonic armed) {
    std::vector<std::function<void()>> due;
    {
        const MutexLock lock(mutex_);
        while (!tasks_.empty() && tasks_.begin()->first.first <= armed) {
            moments_.erase(tasks_.begin()->first.second);
            due.push_back(std::move(tasks_.begin()->second));
            tasks_.erase(tasks_.begin());
        }
        if (armed_ == armed) armed_.reset();
        arm();
    }
    for (const auto& task : due) task();
}

}  // namespace postrider::feed
