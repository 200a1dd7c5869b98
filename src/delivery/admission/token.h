#pragma once

#include "base/time.h"

namespace postrider::delivery::admission {

/// The access token that a lane's requests need. Without one a single attempt starts, which asks
/// for it; the others wait until there is one, or until the next may be asked for.
/// Pure, told the time.
struct Token {
    enum class State {
        none,     ///< not needed
        good,     ///< until `at`
        missing,  ///< may be asked for from `at` on
        asked,    ///< an attempt is asking for it
    };
    State state = State::none;
    Timestamp at = {};

    /// An attempt that starts now asks for one.
    bool is_asked_for_at(Timestamp now) const {
        return state == State::missing || (state == State::good && at <= now);
    }
    bool operator==(const Token&) const = default;
};

}  // namespace postrider::delivery::admission
