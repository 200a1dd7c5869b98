#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "base/time.h"

namespace postrider::access {

/// What slows down guessing. An account's attempts wait longer with each failure, at most
/// limits::login_delay_max: nobody is locked out by others. Who comes from one network has one
/// attempt of an account at a time, and a few in all.
/// Thread-safety: any thread.
class LoginThrottle {
 public:
    /// How long an attempt waits before it is looked at; nullopt: too many wait already. What was
    /// let in is to leave().
    std::optional<Duration> enter(const std::string& account, const std::string& network,
                                  Monotonic now);
    enum class Outcome { succeeded, failed, unknown };
    void leave(const std::string& account, const std::string& network, Outcome outcome,
               Monotonic now);

 private:
    struct Failures {
        std::size_t count = 0;
        Monotonic last{};
    };
    void remember(const std::string& account, Monotonic now) REQUIRES_LOCK(mutex_);

    Mutex mutex_;
    std::unordered_map<std::string, Failures> failures_ GUARDED_BY(mutex_);
    std::set<std::pair<std::string, std::string>> waiting_ GUARDED_BY(mutex_);
    std::map<std::string, std::size_t> per_network_ GUARDED_BY(mutex_);
};

}  // namespace postrider::access
