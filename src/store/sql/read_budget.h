#pragma once

#include <chrono>

#include "base/clock.h"
#include "base/result.h"

namespace postrider::store::sql {

/// The time that a snapshot has: so much of a core for the thread that reads, statements and what
/// is done with their rows alike, and as a whole some times as long, where the driver asks for
/// that. A reading thread that is preempted is not refused for the time that others had.
/// Thread-safety: one thread, the one that called begin().
class ReadBudget {
 public:
    /// In all it may last limits::read_stretch times the budget, or `any_time`.
    enum class Lasts { stretched, any_time };
    /// Lifetime: `clock` outlives what is asked until end().
    void begin(const Clock& clock, Duration budget, Lasts lasts);
    /// From here on there is no bound.
    void end() { is_set_ = false; }
    /// Whether it was found to be used up since begin().
    bool ran_out() const { return ran_out_; }

    /// Errors: read_too_long(). Cheap: it asks for the thread's time once a millisecond only.
    Result<void> check();
    /// The same at once. Returns true when it is used up.
    bool is_used_up();
    bool is_half_used() const;

 private:
    const Clock* clock_ = nullptr;
    bool is_set_ = false;
    bool ran_out_ = false;
    Monotonic deadline_;
    Monotonic look_at_;                      // when check() looks again
    std::chrono::nanoseconds used_until_{};  // of the thread's time
    Duration budget_{0};
};

}  // namespace postrider::store::sql
