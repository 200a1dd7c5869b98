#include "delivery/backlog.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/limits.h"

namespace postrider::delivery {

void Backlog::tell(Timestamp due_at) {
    if (due_since_) due_since_ = std::min(*due_since_, due_at);
    if (is_reading()) told_due_since_ = std::min(told_due_since_.value_or(due_at), due_at);
}

void Backlog::fall_behind(store::CommitNumber commit) {
    behind_since_ = std::max(behind_since_, commit);
    if (!is_reading()) state_ = State::behind;
}

void Backlog::reset(store::CommitNumber commit) {
    reset_at_ = std::max(reset_at_, commit);
    due_since_.reset();
    if (is_reading()) state_ = State::in_vain;
    fall_behind(commit);
}

void Backlog::distrust(store::CommitNumber commit) { reset_at_ = std::max(reset_at_, commit); }

void Backlog::leave(Timestamp due_at, store::CommitNumber commit) {
    due_at_ = std::min(due_at_.value_or(due_at), due_at);
    left_at_ = std::max(left_at_, commit);
    if (is_reading()) left_while_reading_ = std::min(left_while_reading_.value_or(due_at), due_at);
}

bool Backlog::take_due(Timestamp now) {
    if (!due_at_ || *due_at_ > now) return false;
    due_at_.reset();
    // A read that is under way may be older than what is due now.
    fall_behind(left_at_);
    return true;
}

Timestamp Backlog::begin_read(Timestamp now) {
    CHECK(state_ == State::behind || state_ == State::resting);
    state_ = State::reading;
    settled_.clear();
    told_due_since_.reset();
    left_while_reading_.reset();
    read_at_ = now;
    return due_since_.value_or(Timestamp{});
}

void Backlog::settled(const DeliveryId& delivery) {
    if (is_reading()) settled_.insert(delivery);
}

void Backlog::end_read(const Answer& answer, Timestamp now) {
    CHECK(is_reading());
    if (std::exchange(state_, State::behind) == State::in_vain) {
        settled_.clear();
        return;
    }
    const bool saw_all = answer.commit >= behind_since_;
    if (saw_all) {
        // In memory or not, the first of them is the first that is pending.
        const Timestamp due_since = answer.first_due_at.value_or(read_at_);
        due_since_ = std::min(due_since, told_due_since_.value_or(due_since));
        if (answer.took_all) {
            state_ = State::level;
            // A retry that was left before the read may be newer than its snapshot; one that was
            // left during it was not taken, and its time may have come since.
            if (answer.commit >= left_at_) due_at_.reset();
            for (const auto& also : {answer.later_at, left_while_reading_}) {
                if (also) due_at_ = std::min(due_at_.value_or(*also), *also);
            }
        }
    } else if (!answer.took_any) {
        // A transaction that is still open hides what it was told of: it will not end at once.
        rest_until(now + limits::refill_unseen_after);
    }
    settled_.clear();
}

void Backlog::refuse_read(Timestamp now) {
    CHECK(is_reading());
    settled_.clear();
    rest_until(now + limits::refill_again_after);
}

void Backlog::rest_until(Timestamp at) {
    state_ = State::resting;
    due_at_ = std::min(due_at_.value_or(at), at);
}

}  // namespace postrider::delivery
