#include "store/event_news.h"

#include <utility>

#include "model/feed_limits.h"

namespace postrider::store {

void EventNews::on_heard(Heard heard) {
    const MutexLock lock(mutex_);
    heard_ = std::move(heard);
}

void EventNews::listen(const RealmId& realm) {
    {
        const MutexLock lock(mutex_);
        if (wake_ == nullptr || !listening_.insert(realm).second) return;
        to_say_.insert(realm);
    }
    wake();
}

void EventNews::stop_listening(const RealmId& realm) {
    const MutexLock lock(mutex_);
    listening_.erase(realm);
    to_say_.erase(realm);
}

void EventNews::committed(const RealmId& realm) {
    {
        const MutexLock lock(mutex_);
        if (others_.empty() || !others_.contains(realm) || !events_.insert(realm).second) return;
    }
    wake();
}

void EventNews::attach(std::function<void()> wake) {
    const MutexLock lock(mutex_);
    wake_ = std::move(wake);
}

EventNews::Told EventNews::take(Monotonic now) {
    const MutexLock lock(mutex_);
    std::erase_if(others_, [now](const auto& entry) { return entry.second <= now; });
    if (!said_at_ || now - *said_at_ >= limits::feed_listen_again) {
        said_at_ = now;
        to_say_ = listening_;
    }
    Told told{{to_say_.begin(), to_say_.end()}, {events_.begin(), events_.end()}};
    to_say_.clear();
    events_.clear();
    return told;
}

void EventNews::put_back(Told told) {
    const MutexLock lock(mutex_);
    to_say_.insert(told.listening.begin(), told.listening.end());
    events_.insert(told.events.begin(), told.events.end());
}

void EventNews::others_listen(const std::vector<RealmId>& realms, Monotonic now) {
    {
        const MutexLock lock(mutex_);
        for (const RealmId& realm : realms) {
            others_[realm] = now + limits::feed_listen_lease;
            events_.insert(realm);
        }
    }
    wake();
}

void EventNews::hear(const std::vector<RealmId>& realms) {
    Heard heard;
    std::vector<RealmId> known;
    {
        const MutexLock lock(mutex_);
        heard = heard_;
        for (const RealmId& realm : realms) {
            if (listening_.contains(realm)) known.push_back(realm);
        }
    }
    if (heard && !known.empty()) heard(known);
}

void EventNews::hear_all() {
    Heard heard;
    {
        const MutexLock lock(mutex_);
        heard = heard_;
        said_at_.reset();
    }
    if (heard) heard({});
}

void EventNews::wake() {
    std::function<void()> wake;
    {
        const MutexLock lock(mutex_);
        wake = wake_;
    }
    if (wake) wake();
}

}  // namespace postrider::store
