#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "net/event_loop.h"
#include "store/store.h"

namespace postrider::app {

/// Folds what was counted into the counters (store/counters_table.h), every
/// limits::counters_fold_interval while anything is written, a small transaction at a time. On
/// every node: whoever is first folds what all of them have counted. Lives on the engine's loop.
class CounterKeeper {
 public:
    CounterKeeper(store::Store& store, const Clock& clock, net::EventLoop& loop)
        : store_(store), clock_(clock), loop_(loop) {}
    CounterKeeper(const CounterKeeper&) = delete;
    CounterKeeper& operator=(const CounterKeeper&) = delete;

    void start();
    /// Nothing more begins. Call it while the loop runs, before the store stops.
    void stop();

 private:
    void schedule(Duration wait, std::function<void()> then);
    void look();
    void fold();

    store::Store& store_;
    const Clock& clock_;
    net::EventLoop& loop_;
    store::CommitNumber seen_ = 0;                  // the loop's thread, as the timer
    bool is_first_ = true;                          // what an earlier process has left
    std::unique_ptr<net::EventLoop::Timer> timer_;  // none: stopped
};

}  // namespace postrider::app
