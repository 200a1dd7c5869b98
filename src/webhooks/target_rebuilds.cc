#include "webhooks/target_rebuilds.h"

#include <utility>

namespace postrider::webhooks {

void TargetRebuilds::set_up(Build build, Tell tell) {
    build_ = std::move(build);
    tell_ = std::move(tell);
}

void TargetRebuilds::proceed(const RealmId& realm) {
    {
        const MutexLock lock(mutex_);
        const auto [found, is_new] = realms_.try_emplace(realm);
        found->second.again = !is_new;
        if (!is_new && !std::exchange(found->second.is_stopped, false)) return;
    }
    step(realm);
}

void TargetRebuilds::when_done(const RealmId& realm, std::function<void()> then) {
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(realm);
        if (found != realms_.end() && !found->second.is_stopped) {
            found->second.waiting.push_back(std::move(then));
            return;
        }
    }
    then();
}

void TargetRebuilds::resume() {
    std::vector<RealmId> stopped;
    {
        const MutexLock lock(mutex_);
        for (auto& [realm, progress] : realms_) {
            if (std::exchange(progress.is_stopped, false)) stopped.push_back(realm);
        }
    }
    for (const RealmId& realm : stopped) step(realm);
}

void TargetRebuilds::step(const RealmId& realm) {
    std::optional<WebhookId> last;
    {
        const MutexLock lock(mutex_);
        Progress& progress = realms_.at(realm);
        if (std::exchange(progress.again, false)) progress.last.reset();
        last = progress.last;
    }
    store::read<Part>(
        store_, store::Turn::server(),
        [this, realm, last](store::sql::Connection& sql) { return build_(sql, realm, last); },
        [this, realm](Result<Part> part) { advance(realm, std::move(part)); },
        store::ReadClass::lengthy);
}

void TargetRebuilds::advance(const RealmId& realm, Result<Part> part) {
    if (part) {
        for (SharedTarget& target : part->targets) tell_(std::move(target));
    }
    std::vector<std::function<void()>> told;
    bool goes_on = false;
    {
        const MutexLock lock(mutex_);
        Progress& progress = realms_.at(realm);
        goes_on = part && (part->last || progress.again);
        if (goes_on) {
            progress.last = part->last;
        } else {
            told = std::move(progress.waiting);
            progress.waiting.clear();
            progress.is_stopped = true;
            if (part) realms_.erase(realm);
        }
    }
    for (auto& then : told) then();
    if (goes_on) step(realm);
}

}  // namespace postrider::webhooks
