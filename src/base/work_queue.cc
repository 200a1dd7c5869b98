#include "base/work_queue.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
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
        for (auto& [name, realm] : realms_) {
            std::swap(left[name].known, realm.known);
            std::swap(left[name].strangers, realm.strangers);
        }
        waiting_ = 0;
    }
    changed_.notify_all();
    for (auto& [name, realm] : left) {
        while (const auto one = realm.pop()) one->work(Fate::stopped);
    }
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void WorkQueue::Realm::push(Waiting one) {
    Turns<Waiting>& line = one.asker.is_known ? known : strangers;
    const std::string group = one.asker.group;
    const std::string who = one.asker.who;
    line.push(group, who, 1, std::move(one));
}

std::optional<WorkQueue::Waiting> WorkQueue::Realm::pop() {
    last_was_known = known.size() > 0 && (!last_was_known || strangers.size() == 0);
    return last_was_known ? known.pop() : strangers.pop();
}

/// Requires: there is one.
WorkQueue::Waiting WorkQueue::Realm::push_out() {
    Turns<Waiting>& line = known.size() > 3 * strangers.size() ? known : strangers;
    std::map<std::string, std::size_t> of_group, of_target;
    line.for_each([&](const Waiting& one) {
        ++of_group[one.asker.group];
        ++of_target[one.asker.target];
    });
    auto out = line.take_heaviest([&](const Waiting& one) {
        const Asker& asker = one.asker;
        return std::tuple(of_group[asker.group] * of_target[asker.target], asker.blame, one.ticket);
    });
    return std::move(*out);
}

Result<void> WorkQueue::add(const Asker& asker, Work work) {
    std::optional<Waiting> out;
    {
        const MutexLock lock(mutex_);
        if (is_stopping_) {
            return fail(ErrorCode::unavailable, "the server is stopping; try again in a moment");
        }
        const auto known = realms_.find(asker.realm);
        const std::size_t of_realm = known == realms_.end() ? 0 : known->second.waiting();
        const bool has_its_share =
            of_realm >= options_.waiting_max - std::min(waiting_, options_.waiting_max);
        if (has_its_share && of_realm == 0) {
            return fail(ErrorCode::resource_exhausted, options_.when_full);
        }
        const auto [place, is_new] = realms_.try_emplace(asker.realm);
        Realm& realm = place->second;
        if (is_new) realm.had = had_;
        const std::uint64_t ticket = ++last_ticket_;
        realm.push({asker, ticket, std::move(work)});
        if (has_its_share) {
            out = realm.push_out();
            if (out->ticket == ticket) {
                return fail(ErrorCode::resource_exhausted, options_.when_full);
            }
        } else {
            ++waiting_;
        }
    }
    if (out) out->work(Fate::gives_way);
    changed_.notify_one();
    return {};
}

/// Of the realms that have none begun, the one that has had least; the end: there is none.
WorkQueue::Realms::iterator WorkQueue::next() {
    auto least = realms_.end();
    for (auto realm = realms_.begin(); realm != realms_.end(); ++realm) {
        if (realm->second.has_one_begun || realm->second.waiting() == 0) continue;
        if (least == realms_.end() || realm->second.had < least->second.had) least = realm;
    }
    return least;
}

void WorkQueue::run() {
    // Linux has a nice value for each thread. That it may fail does no harm.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), options_.nice));
    while (true) {
        std::optional<Waiting> one;
        Realms::iterator realm;
        {
            const MutexLock lock(mutex_);
            while (!is_stopping_ && (realm = next()) == realms_.end()) changed_.wait(mutex_);
            if (is_stopping_) return;
            one = realm->second.pop();
            had_ = realm->second.had++;
            realm->second.has_one_begun = true;
            --waiting_;
        }
        (void)spare_others([&] { one->work(Fate::runs); });
        const MutexLock lock(mutex_);
        realm->second.has_one_begun = false;
        if (realm->second.waiting() == 0) {
            realms_.erase(realm);
        } else {
            changed_.notify_one();  // this thread may take another realm's
        }
    }
}

}  // namespace postrider
