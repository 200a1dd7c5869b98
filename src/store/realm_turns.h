#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "store/turns.h"

namespace postrider::store {

/// A TurnQueue of which realms can be held back: their works keep their places and are passed over.
/// Thread-safety: one thread at a time.
template <typename Work>
class RealmTurns {
 public:
    using Entry = typename TurnQueue<Work>::Entry;

    RealmTurns(std::size_t works_max, std::size_t bytes_max)
        : works_max_(works_max), bytes_max_(bytes_max) {}

    bool empty() const { return works_ == 0; }
    std::size_t size() const { return works_; }
    /// As of a TurnQueue.
    Room room_for(const RealmId& realm) const {
        if (works_ >= works_max_ || bytes_ >= bytes_max_) return Room::full;
        const auto found = realms_.find(realm);
        if (found == realms_.end()) return Room::enough;
        const bool fits = found->second.queue.size() < works_max_ - works_ &&
                          found->second.bytes < bytes_max_ - bytes_;
        return fits ? Room::enough : Room::realm_has_its_share;
    }
    void push(Entry entry) { insert(std::move(entry), &TurnQueue<Work>::push); }
    void put_back(Entry entry) { insert(std::move(entry), &TurnQueue<Work>::put_back); }
    /// The next one by turns, charged with a cost of 1. nullopt: none waits, or all are held back.
    std::optional<Entry> pop() {
        if (order_.empty()) return std::nullopt;
        const RealmId next = order_.next();
        return pop_of(next);
    }
    /// The next one of a realm, also of one that is held back. nullopt: it has none.
    std::optional<Entry> pop_of(const RealmId& id) {
        const auto found = realms_.find(id);
        if (found == realms_.end()) return std::nullopt;
        Realm& realm = found->second;
        auto entry = realm.queue.pop();
        works_ -= 1;
        bytes_ -= entry->bytes;
        realm.bytes -= entry->bytes;
        charge(entry->turn, 1);
        if (realm.queue.empty()) {
            if (!held_back_.contains(id)) order_.remove(id);
            realms_.erase(found);
        }
        return entry;
    }
    /// All of them, by realm, also of those that are held back.
    std::vector<Entry> take_all() {
        std::vector<Entry> all;
        while (!realms_.empty()) {
            const RealmId first = realms_.begin()->first;
            all.push_back(*pop_of(first));
        }
        return all;
    }
    /// Of what was popped, beyond the cost of 1.
    void charge(const Turn& turn, std::uint64_t cost) {
        order_.charge(turn.realm, cost);
        const auto found = realms_.find(turn.realm);
        if (found != realms_.end()) found->second.queue.charge(turn, cost);
    }
    /// From now on its works are passed over, also those that come.
    void hold_back(const RealmId& id) {
        if (held_back_.insert(id).second && realms_.contains(id)) order_.remove(id);
    }
    void let_go(const RealmId& id) {
        if (held_back_.erase(id) > 0 && realms_.contains(id)) order_.add(id);
    }
    const std::set<RealmId>& held_back() const { return held_back_; }

 private:
    struct Realm {
        TurnQueue<Work> queue{unbounded, unbounded};
        std::size_t bytes = 0;
    };

    void insert(Entry entry, void (TurnQueue<Work>::*place)(Entry)) {
        const RealmId id = entry.turn.realm;
        const auto [found, is_new] = realms_.try_emplace(id);
        if (is_new && !held_back_.contains(id)) order_.add(id);
        works_ += 1;
        bytes_ += entry.bytes;
        found->second.bytes += entry.bytes;
        (found->second.queue.*place)(std::move(entry));
    }

    std::size_t works_max_;
    std::size_t bytes_max_;
    std::size_t works_ = 0;
    std::size_t bytes_ = 0;
    FairOrder<RealmId> order_;  ///< of those that wait and are not held back
    std::map<RealmId, Realm> realms_;
    std::set<RealmId> held_back_;
};

}  // namespace postrider::store
