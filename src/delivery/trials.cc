#include "delivery/trials.h"

namespace postrider::delivery {

Trials::Turn Trials::turn(std::size_t in_flight, Monotonic now) {
    if (under_way_) return Turn::none;
    if (waiting_.empty() || now < others_until_) return Turn::others;
    if (!others_wait_since_) others_wait_since_ = now;
    return in_flight == 0 ? Turn::suspect : Turn::none;
}

Held Trials::begin() {
    Held held = std::move(waiting_.front());
    waiting_.pop_front();
    under_way_ = held.row.id;
    return held;
}

void Trials::end(Monotonic now) {
    suspects_.erase(*under_way_);
    under_way_.reset();
    others_until_ = now + (now - others_wait_since_.value_or(now));
    others_wait_since_.reset();
}

std::optional<Monotonic> Trials::next_wake() const {
    if (waiting_.empty() || under_way_ || others_wait_since_) return std::nullopt;
    return others_until_;
}

}  // namespace postrider::delivery
