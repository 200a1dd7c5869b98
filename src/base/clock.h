#pragma once

#include "base/time.h"

namespace postrider {

/// The one door to the time. Thread-safety: any thread.
class Clock {
 public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
    virtual Monotonic monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
    Timestamp now() const override {
        return std::chrono::floor<Duration>(std::chrono::system_clock::now());
    }
    Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace postrider
