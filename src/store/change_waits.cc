#include "store/change_waits.h"

#include <algorithm>

#include "base/check.h"
#include "model/limits.h"

namespace postrider::store {

/// Tells all committed ones for which `is_over`.
template <typename F>
void ChangeWaits::end(F is_over) {
    std::vector<std::function<void()>> done;
    {
        const MutexLock lock(mutex_);
        for (auto entry = waits_.begin(); entry != waits_.end();) {
            Wait& wait = entry->second;
            const bool is_told = wait.done && is_over(wait);
            if (is_told) done.push_back(std::move(wait.done));
            entry = is_told ? waits_.erase(entry) : std::next(entry);
        }
    }
    for (const auto& tell : done) tell();
}

void ChangeWaits::open() {
    const MutexLock lock(mutex_);
    is_open_ = true;
}

void ChangeWaits::close() {
    {
        const MutexLock lock(mutex_);
        is_open_ = false;
    }
    end([](const Wait&) { return true; });
}

std::uint64_t ChangeWaits::begin(const std::vector<Announcement>& what) {
    const MutexLock lock(mutex_);
    if (!is_open_) return 0;
    waits_[++last_].what = what;
    return last_;
}

void ChangeWaits::committed(std::uint64_t number, std::function<void()> done) {
    {
        const MutexLock lock(mutex_);
        const auto found = waits_.find(number);
        CHECK(found != waits_.end());
        if (is_open_) {
            found->second.done = std::move(done);
            found->second.since = found->second.said_at = clock_.monotonic();
            return;
        }
        waits_.erase(found);
    }
    done();
}

void ChangeWaits::forget(std::uint64_t number) {
    const MutexLock lock(mutex_);
    waits_.erase(number);
}

void ChangeWaits::acknowledged(const Uuid& by, std::span<const std::uint64_t> numbers) {
    const MutexLock lock(mutex_);
    for (const auto number : numbers) {
        const auto found = waits_.find(number);
        if (found != waits_.end()) found->second.acknowledged.insert(by);
    }
}

bool ChangeWaits::is_empty() const {
    const MutexLock lock(mutex_);
    return waits_.empty();
}

bool ChangeWaits::has_committed() const {
    const MutexLock lock(mutex_);
    return std::ranges::any_of(waits_,
                               [](const auto& entry) { return entry.second.done != nullptr; });
}

std::vector<ChangeWaits::Change> ChangeWaits::end_known(std::span<const Uuid> nodes) {
    end([&](const Wait& wait) {
        return std::ranges::all_of(
            nodes, [&](const Uuid& node) { return wait.acknowledged.contains(node); });
    });
    const auto now = clock_.monotonic();
    std::vector<Change> again;
    const MutexLock lock(mutex_);
    for (auto& [number, wait] : waits_) {
        if (!wait.done || now - wait.said_at < limits::change_said_again_after) continue;
        wait.said_at = now;
        again.push_back({number, wait.what});
    }
    return again;
}

void ChangeWaits::end_old() {
    const auto now = clock_.monotonic();
    end([&](const Wait& wait) { return now - wait.since >= limits::change_wait_max; });
}

}  // namespace postrider::store
