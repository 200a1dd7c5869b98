#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/work_queue.h"
#include "events/matcher.h"
#include "store/store.h"

namespace postrider::events {

/// The refusal of `what` ("event 3", "this change").
std::unexpected<Error> filters_too_costly(std::string_view what);

/// Holds the events of publishes against filters, where that takes longer than others should wait
/// for the writer. Realms take turns, event by event, and have one under way at a time each.
/// Thread-safety: any thread.
class MatchQueue {
 public:
    using Matched = std::function<void(store::PublishWork)>;
    /// `publish` gets each work with what it matches, from the queue's thread. An event without a
    /// timestamp gets the clock's, so that its filters see what is written.
    /// Lifetime: it is
    /// called until stop() has returned.
    MatchQueue(const Clock& clock, Matched publish);
    MatchQueue(const MatchQueue&) = delete;
    MatchQueue& operator=(const MatchQueue&) = delete;

    /// Errors go to the work's own `done`: unavailable (stopping, or too many wait),
    /// invalid_argument (its events take too long).
    void add(store::PublishWork work, std::shared_ptr<const Matcher> matcher);
    /// What waits is refused as unavailable.
    void stop() { queue_.stop(); }
    std::size_t waiting() const { return queue_.waiting(); }

 private:
    struct Job;
    void wait(std::shared_ptr<Job> job);
    void match_next(const std::shared_ptr<Job>& job);

    const Clock& clock_;
    Matched publish_;
    WorkQueue queue_;
};

}  // namespace postrider::events
