#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

namespace postrider::net {

/// One thread's loop (an Asio io_context behind a plain face, so that the engine, which is told the
/// time and does no I/O itself, does not include Asio).
class EventLoop {
 public:
    EventLoop();
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

    /// The io_context, for net/'s own files.
    struct Impl;
    Impl& impl() { return *impl_; }

 private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::net
