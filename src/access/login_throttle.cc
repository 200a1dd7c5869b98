#include "access/login_throttle.h"

#include <algorithm>
#include <tuple>

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

std::size_t LoginThrottle::count_of(const FailuresOf& failures, const std::string& name,
                                    Monotonic now) {
    const auto found = failures.find(name);
    if (found == failures.end()) return 0;
    return now - found->second.last >= limits::login_failures_forgotten ? 0 : found->second.count;
}

void LoginThrottle::remember(FailuresOf& failures, const std::string& name, Monotonic now) {
    if (failures.size() >= limits::login_accounts_max && !failures.contains(name)) {
        std::erase_if(failures, [now](const auto& entry) {
            return now - entry.second.last >= limits::login_failures_forgotten;
        });
        // Any: to push one out costs an attacker thousands of hashed passwords.
        if (failures.size() >= limits::login_accounts_max) failures.erase(failures.begin());
    }
    Failures& of = failures[name];
    if (now - of.last >= limits::login_failures_forgotten) of.count = 0;
    ++of.count;
    of.last = now;
}

std::optional<LoginThrottle::Admitted> LoginThrottle::enter(const Comer& comer, Monotonic now) {
    const MutexLock lock(mutex_);
    const auto used = per_network_.find(comer.network);
    const bool is_full =
        used != per_network_.end() && used->second >= limits::logins_waiting_per_network_max;
    if (is_full || !under_way_.emplace(comer.account, comer.network).second) return std::nullopt;
    ++per_network_[comer.network];
    const std::uint64_t ticket = ++last_ticket_;
    const std::uint64_t blame = count_of(failures_there_, comer.group, now);
    entries_.emplace(ticket, Entry{comer, blame});
    return Admitted{ticket, delay_after(count_of(failures_, comer.account, now)), blame};
}

bool LoginThrottle::wait_in_line(std::uint64_t ticket, std::function<void()> gives_way) {
    std::function<void()> told;
    {
        const MutexLock lock(mutex_);
        const Entry& entry = entries_.at(ticket);
        const auto one_more = [](Counts& in_line, std::string name) {
            Counts::value_type& count = *in_line.try_emplace(std::move(name)).first;
            ++count.second;
            return &count;
        };
        const Comer& comer = entry.comer;
        line_.emplace(ticket,
                      InLine{.gives_way = std::move(gives_way),
                             .realm = one_more(in_line_, "realm " + comer.realm),
                             .group = one_more(in_line_, "group " + comer.realm + comer.group),
                             .account = one_more(in_line_, "account " + comer.account),
                             .blame = entry.blame});
        if (line_.size() <= limits::logins_waiting_max) return true;
        const std::uint64_t out = heaviest();
        told = std::move(line_.at(out).gives_way);
        leave_line(out);
        if (out == ticket) return false;
    }
    told();
    return true;
}

/// Of equals the newest.
std::uint64_t LoginThrottle::heaviest() const {
    const auto most = std::ranges::max_element(line_, {}, [](const auto& entry) {
        const auto& [ticket, in_line] = entry;
        return std::tuple(in_line.realm->second, in_line.group->second, in_line.blame,
                          in_line.account->second, ticket);
    });
    return most->first;
}

void LoginThrottle::leave_line(std::uint64_t ticket) {
    const auto found = line_.find(ticket);
    if (found == line_.end()) return;
    for (Counts::value_type* count :
         {found->second.realm, found->second.group, found->second.account}) {
        if (--count->second == 0) in_line_.erase(in_line_.find(count->first));
    }
    line_.erase(found);
}

bool LoginThrottle::wait_is_over(std::uint64_t ticket) {
    std::function<void()> dropped;  // outside of the lock
    const MutexLock lock(mutex_);
    const auto found = line_.find(ticket);
    if (found == line_.end()) return false;
    dropped = std::move(found->second.gives_way);
    leave_line(ticket);
    return true;
}

void LoginThrottle::leave(std::uint64_t ticket, Outcome outcome, Monotonic now) {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(ticket);
    if (found == entries_.end()) return;
    const Comer comer = std::move(found->second.comer);
    entries_.erase(found);
    under_way_.erase({comer.account, comer.network});
    const auto used = per_network_.find(comer.network);
    if (--used->second == 0) per_network_.erase(used);
    if (outcome == Outcome::succeeded) failures_.erase(comer.account);
    if (outcome != Outcome::failed) return;
    remember(failures_, comer.account, now);
    remember(failures_there_, comer.group, now);
}

}  // namespace postrider::access
