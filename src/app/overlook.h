#pragma once

#include <memory>

#include "base/clock.h"
#include "net/event_loop.h"
#include "store/store.h"
#include "telemetry/metrics.h"

namespace postrider::app {

/// Looks at the whole store every limits::overview_interval, and tells the metrics what waits
/// there (store/overview_table.h). A look takes a hundredth of the time at most: when counting
/// takes long, it comes less often. On every node: each tells of all. Lives on the engine's loop.
class Overlook {
 public:
    Overlook(store::Store& store, const Clock& clock, net::EventLoop& loop,
             telemetry::Metrics& metrics)
        : store_(store), clock_(clock), loop_(loop), metrics_(metrics) {}
    Overlook(const Overlook&) = delete;
    Overlook& operator=(const Overlook&) = delete;

    void start();
    /// Nothing more begins. Call it while the loop runs, before the store stops.
    void stop();

 private:
    void look();

    store::Store& store_;
    const Clock& clock_;
    net::EventLoop& loop_;
    telemetry::Metrics& metrics_;
    std::unique_ptr<net::EventLoop::Timer> timer_;  // the loop's thread; none: stopped
};

}  // namespace postrider::app
