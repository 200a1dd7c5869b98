#pragma once

#include <optional>

#include "base/steady_time.h"
#include "base/time.h"

namespace postrider::app {

/// Whether what is too old may be deleted now. After the wall clock was set, or after a start that
/// the clock says is very long after the last run, nothing is deleted for its age for
/// limits::expiry_pause_after_step: by then somebody has noticed a clock that is wrong, or it is
/// right. Pure, told the time.
class ExpiryGate {
 public:
    /// `last_run`: when the store was last written to, if it ever was.
    ExpiryGate(Timestamp wall, Monotonic monotonic, std::optional<Timestamp> last_run);

    struct Look {
        bool may_expire = true;
        /// The clock has just been found to have moved by so much: worth a line in the log.
        std::optional<Duration> moved;
    };
    Look look(Timestamp wall, Monotonic monotonic);

 private:
    SteadyTime steady_;
    Duration seen_step_{0};
    std::optional<Duration> first_move_;
    std::optional<Monotonic> paused_until_;
};

}  // namespace postrider::app
