#include "access/login_throttle.h"

#include <algorithm>

#include "model/limits.h"

namespace postrider::access {

namespace {

Duration delay_after(std::size_t failures) {
    if (failures < limits::login_failures_free) return {};
    Duration delay = limits::login_delay_first;
    for (auto i = limits::login_failures_free; i < failures; ++i) {
        if (delay >= limits::login_delay_max) break;
        delay *= 2;
    }
    return std::min(delay, limits::login_delay_max);
}

}  // namespace

std::optional<Duration> LoginThrottle::enter(const std::string& account, const std::string& network,
                                             Monotonic now) {
    const MutexLock lock(mutex_);
    const auto used = per_network_.find(network);
    const bool is_full =
        waiting_.size() >= limits::logins_waiting_max ||
        (used != per_network_.end() && used->second >= limits::logins_waiting_per_network_max);
    if (is_full || !waiting_.emplace(account, network).second) return std::nullopt;
    ++per_network_[network];
    const auto found = failures_.find(account);
    if (found == failures_.end()) return Duration{};
    if (now - found->second.last >= limits::login_failures_forgotten) {
        failures_.erase(found);
        return Duration{};
    }
    return delay_after(found->second.count);
}

void LoginThrottle::leave(const std::string& account, const std::string& network, Outcome outcome,
                          Monotonic now) {
    const MutexLock lock(mutex_);
    if (waiting_.erase({account, network}) == 0) return;
    const auto used = per_network_.find(network);
    if (--used->second == 0) per_network_.erase(used);
    if (outcome == Outcome::succeeded) failures_.erase(account);
    if (outcome == Outcome::failed) remember(account, now);
}

void LoginThrottle::remember(const std::string& account, Monotonic now) {
    if (failures_.size() >= limits::login_accounts_max && !failures_.contains(account)) {
        std::erase_if(failures_, [now](const auto& entry) {
            return now - entry.second.last >= limits::login_failures_forgotten;
        });
        // Any: to push one out costs an attacker thousands of hashed passwords.
        if (failures_.size() >= limits::login_accounts_max) failures_.erase(failures_.begin());
    }
    Failures& failures = failures_[account];
    ++failures.count;
    failures.last = now;
}

}  // namespace postrider::access
