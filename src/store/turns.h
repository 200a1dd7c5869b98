#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace postrider::store {

/// On whose account a read or a write runs. Realms take turns, and within a realm the callers do.
struct Turn {
    RealmId realm;  ///< nil: the server's own work
    Uuid who;       ///< the API key, session or client that asks; nil: nobody in particular

    /// Housekeeping, and what the server does at its start: one more realm among the others.
    static Turn server() { return {}; }
    static Turn of(const RealmId& realm, const Uuid& who = {}) { return {realm, who}; }
    friend bool operator==(const Turn&, const Turn&) = default;
};

/// Start-time fair queueing: the waiting key that has had the least comes next. Deficit round robin
/// would need the cost of a work before it runs; here the cost is charged afterwards, when it is
/// known how many rows the work wrote. A key that waits again starts no lower than the one that was
/// served last, so that nobody saves up turns.
/// Thread-safety: one thread at a time.
template <typename Key>
class FairOrder {
 public:
    bool empty() const { return waiting_.empty(); }
    /// `key` has work from now on.
    void add(const Key& key) {
        auto& account = accounts_[key];
        resting_.erase({account, key});
        account = std::max(account, served_);
        waiting_.insert({account, key});
    }
    /// `key` has no more work; what it has had is remembered until the others have had as much.
    void remove(const Key& key) {
        const auto found = accounts_.find(key);
        waiting_.erase({found->second, key});
        if (waiting_.empty()) {
            accounts_.clear();
            resting_.clear();
            served_ = 0;
        } else {
            resting_.insert({found->second, key});
            forget();
        }
    }
    /// Whose turn is next. Requires: not empty().
    const Key& peek() const { return waiting_.begin()->second; }
    /// The same, and it begins. Requires: not empty().
    const Key& next() {
        served_ = waiting_.begin()->first;
        forget();
        return waiting_.begin()->second;
    }
    /// `key` has had `cost` more; ignored when nobody competed with it.
    void charge(const Key& key, std::uint64_t cost) {
        const auto found = accounts_.find(key);
        if (found == accounts_.end()) return;
        for (auto* order : {&waiting_, &resting_}) {
            const auto place = order->find({found->second, key});
            if (place == order->end()) continue;
            order->erase(place);
            order->insert({found->second + cost, key});
            break;
        }
        found->second += cost;
    }

 private:
    /// Accounts that are behind the others anyway need not be kept.
    void forget() {
        while (!resting_.empty() && resting_.begin()->first <= served_) {
            accounts_.erase(resting_.begin()->second);
            resting_.erase(resting_.begin());
        }
    }

    std::map<Key, std::uint64_t> accounts_;
    std::set<std::pair<std::uint64_t, Key>> waiting_;
    std::set<std::pair<std::uint64_t, Key>> resting_;
    std::uint64_t served_ = 0;
};

/// For a queue that somebody else bounds.
inline constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

/// Whether a queue takes one more work.
enum class Room { enough, full, realm_has_its_share };

/// The refusal of a write; nullopt where there is room. It is `unavailable`: 503 with Retry-After.
std::optional<Error> writes_waiting(Room room);
/// The same of a read.
std::optional<Error> reads_waiting(Room room);

/// A bounded queue that is emptied by turns. Pure: it is told what its works cost, and has no
/// clock.
///
/// No realm may hold more than what is still free: n realms that flood hold an (n+1)th of the room
/// each, and there is always room for one more realm.
/// Thread-safety: one thread at a time.
template <typename Work>
class TurnQueue {
 public:
    struct Entry {
        Turn turn;
        std::size_t bytes = 0;
        Work work;
    };

    TurnQueue(std::size_t works_max, std::size_t bytes_max)
        : works_max_(works_max), bytes_max_(bytes_max) {}

    bool empty() const { return works_ == 0; }
    std::size_t size() const { return works_; }
    Room room_for(const RealmId& realm) const {
        if (works_ >= works_max_ || bytes_ >= bytes_max_) return Room::full;
        const auto found = realms_.find(realm);
        if (found == realms_.end()) return Room::enough;
        const bool fits =
            found->second.works < works_max_ - works_ && found->second.bytes < bytes_max_ - bytes_;
        return fits ? Room::enough : Room::realm_has_its_share;
    }
    /// Takes it whatever the room.
    void push(Entry entry) { insert(std::move(entry), &std::deque<Entry>::push_back); }
    /// An entry that was popped and has not run: it is its caller's next.
    void put_back(Entry entry) { insert(std::move(entry), &std::deque<Entry>::push_front); }
    /// Whose turn pop() is. Requires: not empty().
    const RealmId& next_realm() const { return order_.peek(); }
    /// The next one by turns, charged with a cost of 1. nullopt: nothing waits.
    std::optional<Entry> pop() {
        if (empty()) return std::nullopt;
        const RealmId id = order_.next();
        auto& realm = realms_.at(id);
        const Uuid who = realm.order.next();
        auto& entries = realm.entries.at(who);
        Entry entry = std::move(entries.front());
        entries.pop_front();
        works_ -= 1;
        bytes_ -= entry.bytes;
        realm.works -= 1;
        realm.bytes -= entry.bytes;
        charge(entry.turn, 1);
        if (entries.empty()) {
            realm.order.remove(who);
            realm.entries.erase(who);
        }
        if (realm.works == 0) {
            order_.remove(id);
            realms_.erase(id);
        }
        return entry;
    }
    /// What a work that was popped came to beyond a cost of 1.
    void charge(const Turn& turn, std::uint64_t cost) {
        order_.charge(turn.realm, cost);
        const auto found = realms_.find(turn.realm);
        if (found != realms_.end()) found->second.order.charge(turn.who, cost);
    }
    /// Takes out every entry of which `leave` is true.
    template <typename Leave>
    std::vector<Entry> take_out(Leave leave) {
        std::vector<Entry> out;
        std::vector<Entry> kept;
        while (auto entry = pop()) (leave(*entry) ? out : kept).push_back(std::move(*entry));
        for (auto& entry : kept) push(std::move(entry));
        return out;
    }

 private:
    struct Realm {
        FairOrder<Uuid> order;
        std::map<Uuid, std::deque<Entry>> entries;
        std::size_t works = 0;
        std::size_t bytes = 0;
    };

    void insert(Entry entry, void (std::deque<Entry>::*place)(Entry&&)) {
        const Turn turn = entry.turn;
        auto& realm = realms_[turn.realm];
        if (realm.works == 0) order_.add(turn.realm);
        auto& entries = realm.entries[turn.who];
        if (entries.empty()) realm.order.add(turn.who);
        works_ += 1;
        bytes_ += entry.bytes;
        realm.works += 1;
        realm.bytes += entry.bytes;
        (entries.*place)(std::move(entry));
    }

    std::size_t works_max_;
    std::size_t bytes_max_;
    std::size_t works_ = 0;
    std::size_t bytes_ = 0;
    FairOrder<RealmId> order_;
    std::map<RealmId, Realm> realms_;
};

}  // namespace postrider::store
