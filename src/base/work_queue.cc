#include "base/work_queue.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/memory_guard.h"
#include "base/thread.h"

namespace postrider {

WorkQueue::WorkQueue(Options options) : options_(std::move(options)) {
    for (std::size_t i = 0; i < options_.threads; ++i) {
        threads_.push_back(start_thread(options_.thread_name, [this] { run(); }));
    }
}

WorkQueue::~WorkQueue() { stop(); }

void WorkQueue::stop() {
    Realms left;
    {
        const MutexLock lock(mutex_);
        is_stopping_ = true;
        for (auto& [name, realm] : realms_) std::swap(left[name].waiting, realm.waiting);
        waiting_ = 0;
    }
    changed_.notify_all();
    for (auto& [name, realm] : left) {
        while (const auto work = realm.waiting.pop()) (*work)(false);
    }
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

Result<void> WorkQueue::add(const Asker& asker, Work work) {
    {
        const MutexLock lock(mutex_);
        if (is_stopping_) {
            return fail(ErrorCode::unavailable, "the server is stopping; try again in a moment");
        }
        const auto known = realms_.find(asker.realm);
        const std::size_t of_realm = known == realms_.end() ? 0 : known->second.waiting.size();
        if (of_realm >= options_.waiting_max - std::min(waiting_, options_.waiting_max)) {
            return fail(ErrorCode::resource_exhausted, options_.when_full);
        }
        const auto [place, is_new] = realms_.try_emplace(asker.realm);
        if (is_new) place->second.had = had_;
        place->second.waiting.push({}, asker.who, 1, std::move(work));
        ++waiting_;
    }
    changed_.notify_one();
    return {};
}

/// Of the realms that have none begun, the one that has had least; the end: there is none.
WorkQueue::Realms::iterator WorkQueue::next() {
    auto least = realms_.end();
    for (auto realm = realms_.begin(); realm != realms_.end(); ++realm) {
        if (realm->second.has_one_begun || realm->second.waiting.size() == 0) continue;
        if (least == realms_.end() || realm->second.had < least->second.had) least = realm;
    }
    return least;
}

void WorkQueue::run() {
    // Linux has a nice value for each thread. That it may fail does no harm.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), options_.nice));
    while (true) {
        std::optional<Work> work;
        Realms::iterator realm;
        {
            const MutexLock lock(mutex_);
            while (!is_stopping_ && (realm = next()) == realms_.end()) changed_.wait(mutex_);
            if (is_stopping_) return;
            work = realm->second.waiting.pop();
            had_ = realm->second.had++;
            realm->second.has_one_begun = true;
            --waiting_;
        }
        (void)spare_others([&] { (*work)(true); });
        const MutexLock lock(mutex_);
        realm->second.has_one_begun = false;
        if (realm->second.waiting.size() == 0) {
            realms_.erase(realm);
        } else {
            changed_.notify_one();  // this thread may take another realm's
        }
    }
}

}  // namespace postrider
