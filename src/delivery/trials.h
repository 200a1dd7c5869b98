#pragma once

#include <deque>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/time.h"
#include "delivery/scheduler.h"
#include "model/ids.h"

namespace postrider::delivery {

/// Attempts the suspects of crashes (delivery/flight_log.h) one at a time, with nothing else in
/// flight: if the process crashes again, it is known by which. The others do not wait for all of
/// them: after each trial they have as long for themselves as they waited for it.
/// Pure: told the time. Thread-safety: one thread.
class Trials {
 public:
    void suspect(const DeliveryId& delivery) { suspects_.insert(delivery); }
    bool is_suspect(const DeliveryId& delivery) const { return suspects_.contains(delivery); }
    /// A suspect that is due: it waits for its turn.
    void wait(Held held) { waiting_.push_back(std::move(held)); }

    /// What may be started now.
    enum class Turn {
        others,   ///< everything but suspects
        none,     ///< a trial is under way, or begins when what is in flight has ended
        suspect,  ///< one suspect: take it by begin()
    };
    Turn turn(std::size_t in_flight, Monotonic now);
    /// Requires: turn() has just said so.
    Held begin();
    bool is_under_way(const DeliveryId& delivery) const { return under_way_ == delivery; }
    /// It was recorded.
    void end(Monotonic now);
    /// When the others' time ends; nullopt: nobody waits for that.
    std::optional<Monotonic> next_wake() const;

 private:
    std::unordered_set<DeliveryId> suspects_;
    std::deque<Held> waiting_;
    std::optional<DeliveryId> under_way_;
    std::optional<Monotonic> others_wait_since_;
    Monotonic others_until_ = Monotonic::min();
};

}  // namespace postrider::delivery
