#pragma once

#include "base/clock.h"

namespace postrider {

/// Time that goes on when a test says so. Thread-safety: one thread at a time.
class ManualClock final : public Clock {
 public:
    explicit ManualClock(Timestamp now = *parse_rfc3339("2026-11-23T18:12:03Z")) : now_(now) {}

    Timestamp now() const override { return now_; }
    Monotonic monotonic() const override { return monotonic_; }
    void go_on(Duration duration) {
        now_ += duration;
        monotonic_ += duration;
    }

 private:
    Timestamp now_;
    Monotonic monotonic_{};
};

}  // namespace postrider
