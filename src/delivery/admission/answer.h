#pragma once

#include <variant>

#include "base/time.h"

namespace postrider::delivery::admission {

/// One attempt more may start now.
struct Start {};

/// None may start before `at`, whatever happens until then.
struct NotBefore {
    Timestamp at;
    enum class Why { breaker, rate, token } why = Why::rate;
};

/// None may start until something else happened.
struct Blocked {
    enum class Why {
        in_flight,  ///< as many of the lane are in flight as may be: until one of them ends
        token,      ///< an access token is asked for: until it is there, or is refused
        bytes,      ///< the realm's bodies in flight leave no room: until one of them landed
    };
    Why why = Why::in_flight;
};

/// Whether a lane may start an attempt.
using Answer = std::variant<Start, NotBefore, Blocked>;

}  // namespace postrider::delivery::admission
