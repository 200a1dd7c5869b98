#include "app/expiry_gate.h"

#include "model/limits.h"

namespace postrider::app {

ExpiryGate::ExpiryGate(Timestamp wall, Monotonic monotonic, std::optional<Timestamp> last_run)
    : steady_(limits::clock_step_min) {
    steady_.at(wall, monotonic);
    if (last_run && wall - *last_run > limits::downtime_plausible_max) {
        first_move_ = wall - *last_run;
    }
}

ExpiryGate::Look ExpiryGate::look(Timestamp wall, Monotonic monotonic) {
    Look look;
    steady_.at(wall, monotonic);
    if (steady_.stepped() != seen_step_) look.moved = steady_.stepped() - seen_step_;
    seen_step_ = steady_.stepped();
    if (first_move_) look.moved = first_move_;
    first_move_.reset();
    if (look.moved) paused_until_ = monotonic + limits::expiry_pause_after_step;
    if (paused_until_ && monotonic >= *paused_until_) paused_until_.reset();
    look.may_expire = !paused_until_;
    return look;
}

}  // namespace postrider::app
