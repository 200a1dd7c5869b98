#include "store/commit_order.h"

namespace postrider::store {

CommitNumber CommitOrder::begin() {
    const MutexLock lock(mutex_);
    open_.insert(++next_);
    return next_;
}

void CommitOrder::end(CommitNumber number) {
    const MutexLock lock(mutex_);
    open_.erase(number);
}

CommitNumber CommitOrder::seen() const {
    const MutexLock lock(mutex_);
    return open_.empty() ? next_ : *open_.begin() - 1;
}

CommitNumber CommitOrder::last() const {
    const MutexLock lock(mutex_);
    return next_;
}

CommitOrder::Place CommitOrder::line_up() {
    const MutexLock lock(mutex_);
    return next_place_++;
}

void CommitOrder::wait_turn(Place place) {
    const MutexLock lock(mutex_);
    while (turn_ != place) left_.wait(mutex_);
}

void CommitOrder::leave() {
    {
        const MutexLock lock(mutex_);
        ++turn_;
    }
    left_.notify_all();
}

}  // namespace postrider::store
