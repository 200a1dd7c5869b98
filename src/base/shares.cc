#include "base/shares.h"

#include "base/check.h"

namespace postrider {

std::uint64_t Shares::used() const {
    const MutexLock lock(mutex_);
    return used_;
}

std::uint64_t Shares::held_by(std::string_view holder) const {
    const MutexLock lock(mutex_);
    const auto found = holders_.find(std::string(holder));
    return found == holders_.end() ? 0 : found->second.held;
}

Shares::Answer Shares::take(std::uint64_t amount, unsigned percent,
                            const std::vector<Entry*>& holders) {
    const MutexLock lock(mutex_);
    if (amount > total_ || used_ > total_ - amount) return Answer::full;
    const std::uint64_t left = total_ - used_ - amount;
    for (const Entry* holder : holders) {
        const std::uint64_t held = holder->second.held;
        // Who holds nothing gets something as long as there is room.
        if (held > 0 && held + amount > left * percent / 100) return Answer::over_share;
    }
    used_ += amount;
    for (Entry* holder : holders) holder->second.held += amount;
    return Answer::taken;
}

void Shares::change(std::int64_t amount, const std::vector<Entry*>& holders) {
    {
        const MutexLock lock(mutex_);
        used_ += static_cast<std::uint64_t>(amount);
        for (Entry* holder : holders) holder->second.held += static_cast<std::uint64_t>(amount);
    }
    if (amount < 0 && room_) room_();
}

void Shares::enter(const Holders& names, std::vector<Entry*>& holders) {
    const MutexLock lock(mutex_);
    for (const std::string& name : names) {
        Entry& entry = *holders_.try_emplace(name).first;
        ++entry.second.holds;
        holders.push_back(&entry);
    }
}

void Shares::leave(std::vector<Entry*>& holders) {
    const MutexLock lock(mutex_);
    for (Entry* entry : holders) {
        if (--entry->second.holds == 0) holders_.erase(entry->first);
    }
    holders.clear();
}

Shares::Hold::Hold(std::shared_ptr<Shares> shares, const Holders& holders)
    : shares_(std::move(shares)) {
    if (shares_ != nullptr) shares_->enter(holders, holders_);
}

Shares::Answer Shares::Hold::take(std::uint64_t amount, unsigned percent) {
    if (shares_ == nullptr) return Answer::taken;
    const Answer answer = shares_->take(amount, percent, holders_);
    if (answer == Answer::taken) amount_ += amount;
    return answer;
}

void Shares::Hold::take_anyway(std::uint64_t amount) {
    if (shares_ == nullptr) return;
    shares_->change(static_cast<std::int64_t>(amount), holders_);
    amount_ += amount;
}

void Shares::Hold::shrink_to(std::uint64_t amount) {
    if (shares_ == nullptr || amount >= amount_) return;
    shares_->change(static_cast<std::int64_t>(amount) - static_cast<std::int64_t>(amount_),
                    holders_);
    amount_ = amount;
}

void Shares::Hold::reset() {
    if (shares_ == nullptr) return;
    shrink_to(0);
    shares_->leave(holders_);
    shares_.reset();
}

}  // namespace postrider
