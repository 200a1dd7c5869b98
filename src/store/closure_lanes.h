#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>

#include "base/time.h"
#include "model/ids.h"
#include "model/turn_limits.h"

namespace postrider::store {

/// Which realms may begin another closure on one of the few connections that run them side by side.
/// A realm never has all of them; one whose closures take long (an import), or run into each other,
/// has one at a time, and all such realms together leave some free, so that a login finds a
/// connection at once.
/// Pure: it is told what begins and ends, and has no clock. Thread-safety: one thread at a time.
class ClosureLanes {
 public:
    bool may_begin(const RealmId& realm) const {
        const auto found = realms_.find(realm);
        if (found == realms_.end()) return true;
        const Realm& known = found->second;
        if (is_long(known) && long_running_ >= limits::postgresql_long_closures_max) return false;
        const bool one_at_a_time = is_long(known) || known.one_at_a_time > 0;
        return known.running < (one_at_a_time ? 1 : limits::postgresql_closures_of_realm_max);
    }
    /// The realms of which may_begin() is false.
    std::set<RealmId> who_waits() const {
        std::set<RealmId> found;
        for (const auto& [realm, known] : realms_) {
            if (!may_begin(realm)) found.insert(realm);
        }
        return found;
    }
    void begins(const RealmId& realm) {
        Realm& known = realms_[realm];
        ++known.running;
        if (is_long(known)) ++long_running_;
    }
    /// `ran_again`: another transaction was in its way. Most often it is one of the same realm, and
    /// what two of them do beside each other is done twice, and at last alone, before everybody's.
    void ends(const RealmId& realm, Duration took, bool ran_again) {
        Realm& known = realms_.at(realm);
        const bool was_long = is_long(known);
        const std::size_t before = known.running--;
        // Half of it is what it last took, so a few short ones make it short again.
        known.average = (known.average + took) / 2;
        if (ran_again) {
            known.one_at_a_time = limits::postgresql_closures_after_conflict;
        } else if (known.one_at_a_time > 0) {
            --known.one_at_a_time;
        }
        if (was_long) long_running_ -= before;
        if (is_long(known)) long_running_ += known.running;
        if (known.running == 0 && known.one_at_a_time == 0 && !is_long(known)) realms_.erase(realm);
        if (realms_.size() > limits::long_realms_kept_max) forget();
    }

 private:
    struct Realm {
        std::size_t running = 0;
        Duration average{0};
        std::size_t one_at_a_time = 0;  ///< so many of the next ones, after a conflict
    };
    static bool is_long(const Realm& realm) {
        return realm.average >= limits::postgresql_long_closure;
    }
    /// Those that run nothing: they are found out again.
    void forget() {
        std::erase_if(realms_, [](const auto& each) { return each.second.running == 0; });
    }

    std::map<RealmId, Realm> realms_;
    std::size_t long_running_ = 0;
};

}  // namespace postrider::store
