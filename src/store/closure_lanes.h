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
/// A realm has one at a time: two of them run into each other, and with more what the database does
/// for one realm takes the processors from others' logins. Those of realms whose closures take long
/// (an import) leave some connections free in all, so that a login finds one at once.
/// Pure: it is told what begins and ends, and has no clock. Thread-safety: one thread at a time.
class ClosureLanes {
 public:
    bool may_begin(const RealmId& realm) const {
        const auto found = realms_.find(realm);
        if (found == realms_.end()) return true;
        const Realm& known = found->second;
        if (known.is_running) return false;
        return !is_long(known) || long_running_ < limits::postgresql_long_closures_max;
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
        known.is_running = true;
        if (is_long(known)) ++long_running_;
    }
    void ends(const RealmId& realm, Duration took) {
        Realm& known = realms_.at(realm);
        if (is_long(known)) --long_running_;
        known.is_running = false;
        // Half of it is what it last took, so a few short ones make it short again.
        known.average = (known.average + took) / 2;
        if (!is_long(known)) realms_.erase(realm);
        if (realms_.size() > limits::long_realms_kept_max) forget();
    }

 private:
    struct Realm {
        bool is_running = false;
        Duration average{0};
    };
    static bool is_long(const Realm& realm) {
        return realm.average >= limits::postgresql_long_closure;
    }
    /// Those that run nothing: they are found out again.
    void forget() {
        std::erase_if(realms_, [](const auto& each) { return !each.second.is_running; });
    }

    std::map<RealmId, Realm> realms_;
    std::size_t long_running_ = 0;
};

}  // namespace postrider::store
