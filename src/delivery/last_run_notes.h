#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "delivery/flight_log.h"
#include "net/event_loop.h"
#include "store/store.h"

namespace postrider::delivery {

/// Notes in the store what the last run left: a crash of what was alone in flight at the last one,
/// and the time that the server was down, in which no webhook counts as failing. On a disk without
/// any room that is noted when there is some: a start needs none.
/// Thread-safety: recall() before the loop runs, stop() on the loop.
class LastRunNotes {
 public:
    LastRunNotes(store::Store& store, net::EventLoop& loop, const Clock& clock)
        : store_(store), loop_(loop), clock_(clock) {}
    LastRunNotes(const LastRunNotes&) = delete;
    LastRunNotes& operator=(const LastRunNotes&) = delete;

    /// Returns the webhooks that are failing. Waits for the store.
    Result<std::vector<WebhookId>> recall(const FlightLog::LastRun& last);
    /// Nothing more is noted.
    void stop();

 private:
    struct Left {
        std::vector<FlightLog::Entry> to_blame;
        Duration down{0};
    };
    void note(std::shared_ptr<const Left> left, std::function<void(Result<void>)> done);
    void note_later(const std::shared_ptr<const Left>& left);

    store::Store& store_;
    net::EventLoop& loop_;
    const Clock& clock_;
    std::unique_ptr<net::EventLoop::Timer> timer_;
    bool is_stopped_ = false;
};

}  // namespace postrider::delivery
