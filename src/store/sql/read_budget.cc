#include "store/sql/read_budget.h"

#include <ctime>

#include "model/limits.h"
#include "store/sql/connection.h"

namespace postrider::store::sql {
namespace {

// Asking for a thread's time is a system call: less often than a row is read.
constexpr auto look_every = 1ms;

std::chrono::nanoseconds used_by_this_thread() {
    timespec used{};
    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

void ReadBudget::begin(const Clock& clock, Duration budget, Lasts lasts) {
    clock_ = &clock;
    const Monotonic now = clock.monotonic();
    deadline_ = lasts == Lasts::any_time ? Monotonic::max() : now + limits::read_stretch * budget;
    look_at_ = now + look_every;
    used_until_ = used_by_this_thread() + budget;
    budget_ = budget;
    ran_out_ = false;
    is_set_ = true;
}

bool ReadBudget::is_used_up() {
    if (!is_set_) return false;
    const Monotonic now = clock_->monotonic();
    look_at_ = now + look_every;
    if (now > deadline_ || used_by_this_thread() > used_until_) ran_out_ = true;
    return ran_out_;
}

Result<void> ReadBudget::check() {
    if (!is_set_) return {};
    const bool is_time = ran_out_ || clock_->monotonic() >= look_at_;
    if (is_time && is_used_up()) return std::unexpected(read_too_long());
    return {};
}

bool ReadBudget::is_half_used() const {
    if (!is_set_) return false;
    const auto half = budget_ / 2;
    return used_by_this_thread() > used_until_ - half ||
           clock_->monotonic() > deadline_ - limits::read_stretch * half;
}

}  // namespace postrider::store::sql
