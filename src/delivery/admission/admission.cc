#include "delivery/admission/admission.h"

#include <algorithm>

#include "base/check.h"

namespace postrider::delivery::admission {

void Admission::set_policy(const Policy& policy, bool is_taken_over, Timestamp now) {
    if (policy.rate_limit != policy_.rate_limit) {
        rate_.reset();
        if (policy.rate_limit) {
            rate_.emplace(policy.rate_limit->count, policy.rate_limit->per, now);
            if (is_taken_over) rate_->started(now);
        }
    }
    policy_ = policy;
}

std::size_t Admission::limit() const {
    if (breaker_.open()) return 1;
    return std::min(slow_start_.limit(), policy_.max_in_flight);
}

Answer Admission::ask(Timestamp now, const Machine& machine) const {
    const std::size_t limit = machine.is_crowded && !is_proven() ? 1 : this->limit();
    if (in_flight_ >= limit) return Blocked{Blocked::Why::in_flight};
    if (breaker_.open() && breaker_.open()->next_probe_at > now) {
        return NotBefore{breaker_.open()->next_probe_at, NotBefore::Why::breaker};
    }
    if (token_.state == Token::State::asked) return Blocked{Blocked::Why::token};
    if (token_.state == Token::State::missing && token_.at > now) {
        return NotBefore{token_.at, NotBefore::Why::token};
    }
    if (rate_ && rate_->next() > now) return NotBefore{rate_->next(), NotBefore::Why::rate};
    if (!machine.has_bytes) return Blocked{Blocked::Why::bytes};
    return Start{};
}

void Admission::started(Timestamp now) {
    ++in_flight_;
    if (token_.is_asked_for_at(now)) token_.state = Token::State::asked;
    count(now);
}

void Admission::count(Timestamp now) {
    if (rate_) rate_->started(now);
}

void Admission::ended(const Breaker::End& end) {
    CHECK(in_flight_ > 0);
    --in_flight_;
    const bool was_open = breaker_.open().has_value();
    breaker_.ended(end);
    if (was_open && !breaker_.open()) return slow_start_.begin_anew();
    slow_start_.ended(end.signal, policy_.max_in_flight);
}

}  // namespace postrider::delivery::admission
