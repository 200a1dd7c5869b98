#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "base/time.h"
#include "net/event_loop.h"

namespace postrider::feed {

/// Many moments at which something is to be done, on one timer of a loop: a call that waits costs
/// an entry in a map. Thread-safety: any thread.
class Alarm {
 public:
    using Ticket = std::uint64_t;

    /// Lifetime: the loop outlives it; what it runs is no longer called once the loop has ended.
    explicit Alarm(net::EventLoop& loop) : loop_(loop), timer_(loop.make_timer()) {}
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    /// Runs `task` at `when` on the loop's thread, with no lock held.
    Ticket set(Monotonic when, std::function<void()> task);
    /// It may be about to run all the same.
    void cancel(Ticket ticket);

 private:
    using Key = std::pair<Monotonic, Ticket>;
    void arm() REQUIRES_LOCK(mutex_);
    void set_timer();
    void expire(Monotonic armed);

    net::EventLoop& loop_;
    const std::unique_ptr<net::EventLoop::Timer> timer_;  // the loop's thread's
    Mutex mutex_;
    Ticket last_ GUARDED_BY(mutex_) = 0;
    std::map<Key, std::function<void()>> tasks_ GUARDED_BY(mutex_);
    std::unordered_map<Ticket, Monotonic> moments_ GUARDED_BY(mutex_);
    std::optional<Monotonic> armed_ GUARDED_BY(mutex_);
};

}  // namespace postrider::feed
