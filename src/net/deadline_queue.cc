#include "net/deadline_queue.h"

#include <utility>

namespace postrider::net {

DeadlineQueue::DeadlineQueue(boost::asio::io_context& context, const Clock& clock)
    : clock_(clock), timer_(context), self_(std::make_shared<DeadlineQueue*>(this)) {}

DeadlineQueue::~DeadlineQueue() { *self_ = nullptr; }

void DeadlineQueue::set(Deadline& deadline, Monotonic when) {
    clear(deadline);
    if (spare_.empty()) {
        deadline.place_ = queue_.emplace(when, &deadline);
    } else {
        spare_.key() = when;
        spare_.mapped() = &deadline;
        deadline.place_ = queue_.insert(std::move(spare_));
    }
    deadline.is_set_ = true;
    if (when < armed_for_) arm();
}

void DeadlineQueue::clear(Deadline& deadline) {
    if (!deadline.is_set_) return;
    spare_ = queue_.extract(deadline.place_);
    deadline.is_set_ = false;
}

void DeadlineQueue::arm() {
    armed_for_ = queue_.begin()->first;
    timer_.expires_at(armed_for_);
    timer_.async_wait([self = self_](const boost::system::error_code& error) {
        if (!error && *self != nullptr) (*self)->fire();
    });
}

void DeadlineQueue::fire() {
    armed_for_ = Monotonic::max();
    const auto now = clock_.monotonic();
    const auto self = self_;
    while (!queue_.empty() && queue_.begin()->first <= now) {
        auto* deadline = queue_.begin()->second;
        clear(*deadline);
        deadline->on_deadline();
        if (*self == nullptr) return;
    }
    if (!queue_.empty() && queue_.begin()->first < armed_for_) arm();
}

}  // namespace postrider::net
