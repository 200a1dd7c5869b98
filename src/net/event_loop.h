#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace postrider::net {

/// One thread's loop (an Asio io_context behind a plain face, so that the engine, which is told the
/// time and does no I/O itself, does not include Asio).
class EventLoop {
 public:
    /// `clock` is that of all who work on the loop. Lifetime: it outlives the loop.
    explicit EventLoop(const Clock& clock);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Runs on the calling thread until stop().
    void run();
    /// Thread-safety: any thread.
    void stop();
    /// Runs `task` on the loop's thread, later. Thread-safety: any thread.
    void post(std::function<void()> task);

    /// One timer; a new call replaces the former one. On the loop's thread.
    class Timer {
     public:
        virtual ~Timer() = default;
        virtual void expire_at(Monotonic when, std::function<void()> then) = 0;
        virtual void cancel() = 0;
    };
    std::unique_ptr<Timer> make_timer();

    /// Thread-safety: any thread.
    const Clock& clock() const { return clock_; }

    /// The io_context, for net/'s own files.
    struct Impl;
    Impl& impl() { return *impl_; }

 private:
    const Clock& clock_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::net
