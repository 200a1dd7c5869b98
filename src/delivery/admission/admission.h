#pragma once

#include <cstddef>
#include <optional>

#include "base/time.h"
#include "delivery/admission/answer.h"
#include "delivery/admission/breaker.h"
#include "delivery/admission/rate.h"
#include "delivery/admission/slow_start.h"
#include "delivery/admission/token.h"
#include "model/limits.h"

namespace postrider::delivery::admission {

/// What a webhook asks of its lane.
struct Policy {
    std::size_t max_in_flight = limits::lane_in_flight_max;
    struct RateLimit {
        std::int64_t count = 0;  ///< > 0
        Duration per{0};
        bool operator==(const RateLimit&) const = default;
    };
    std::optional<RateLimit> rate_limit = {};
    /// Counted for a body that is rendered for each attempt, until its size is known.
    std::size_t rendered_bytes = 0;
};

/// What of the machine a lane is asked about.
struct Machine {
    /// Most places for attempts are taken: a lane that has not shown a success gets one.
    bool is_crowded = false;
    /// Whether the realm's share of the bodies in flight has room for this one.
    bool has_bytes = true;
};

/// May this lane start one attempt more? A conjunction of rules, each a file of this folder; a new
/// rule is a new file and a line in ask(). Pure, told the time. Thread-safety: the engine's thread.
class Admission {
 public:
    /// `is_taken_over`: another process may have started an attempt of the lane just now, so that a
    /// rate limit that is new here waits for one interval first.
    void set_policy(const Policy& policy, bool is_taken_over, Timestamp now);

    /// What is known of its access token now; an attempt that asks for one is told of at its end.
    void set_token(const Token& token) { token_ = token; }

    Answer ask(Timestamp now, const Machine& machine) const;
    /// Requires: ask() said Start.
    void started(Timestamp now);
    /// An attempt started that did not ask (a test); it counts for the rate.
    void count(Timestamp now);
    /// An attempt of the lane ended. Requires: it was started.
    void ended(const Breaker::End& end);

    std::size_t in_flight() const { return in_flight_; }
    std::size_t rendered_bytes() const { return policy_.rendered_bytes; }
    /// How many may be in flight, the machine aside.
    std::size_t limit() const;
    bool is_proven() const { return slow_start_.is_proven() && !breaker_.open(); }

    Breaker& breaker() { return breaker_; }
    const Breaker& breaker() const { return breaker_; }

 private:
    Policy policy_;
    Breaker breaker_;
    SlowStart slow_start_;
    std::optional<Rate> rate_;
    Token token_;
    std::size_t in_flight_ = 0;
};

}  // namespace postrider::delivery::admission
