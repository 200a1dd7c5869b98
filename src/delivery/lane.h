#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/time.h"
#include "model/event.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::delivery {

/// A pending delivery in memory.
struct Held {
    store::DeliveryRow row;
    SharedBody body;
    std::uint64_t life = 0;  ///< of its lane, when it was planned
};

/// How an attempt ended, as far as its lane's limit is concerned.
enum class LaneSignal { success, failure, timeout };

/// The deliveries of one webhook: those in memory, those in flight, and what is known of those that
/// only the store has. The scheduler's state; told the time, does no I/O.
struct Lane {
    RealmId realm;
    WebhookId webhook;
    /// A lane that went and came back is another: what is in flight of the one before is not its.
    std::uint64_t life = 0;

    std::deque<Held> ready;                  ///< due, oldest first
    std::multimap<Timestamp, Held> waiting;  ///< due within limits::held_ahead
    /// In memory, in flight, or not yet recorded; with the bytes of each body.
    std::unordered_map<DeliveryId, std::size_t> known;
    std::size_t known_bytes = 0;
    std::size_t in_flight = 0;

    std::size_t limit = 0;  ///< how many may be in flight
    std::size_t timeouts_in_row = 0;
    bool proven = false;  ///< a success since start or since it narrowed

    /// Behind: the store may have due deliveries that memory has not. It takes nothing from the
    /// queue and is refilled until a read came back whole at a commit not older than
    /// `behind_since`.
    bool behind = true;
    store::CommitNumber behind_since = 0;
    /// Nothing that is pending was due before it when the store was last read; what came later has
    /// told. Reads begin there: a queue in a database has what is done before what is to do, and a
    /// database that cannot clean up would go through all of it. nullopt: nothing is known.
    std::optional<Timestamp> due_since;
    /// The earliest that was told while a refill was reading, which may not have seen it.
    std::optional<Timestamp> told_due_since;
    bool refill_in_flight = false;
    Timestamp read_at{};          ///< when the refill in flight began, or the last one
    bool discard_refill = false;  ///< its snapshot may be older than a cancellation
    /// Retries recorded at or before this commit may have been cancelled by it.
    store::CommitNumber reset_at = 0;
    /// Recorded while a refill was reading: its snapshot may still show them pending.
    std::unordered_set<DeliveryId> settled;
    /// The earliest known due time of deliveries that only the store has.
    std::optional<Timestamp> stored_due_at;
    /// The last commit that left a retry to the store: a read that is to find them all sees it.
    store::CommitNumber stored_since = 0;

    bool queued_ready = false;         ///< stands in the scheduler's round
    bool queued_refill = false;        ///< stands in the scheduler's refill queue
    std::optional<Timestamp> wake_at;  ///< its entry among the scheduler's wake-ups

    std::size_t held() const { return ready.size() + waiting.size(); }
    std::size_t window() const;
    void know(const DeliveryId& delivery, std::size_t bytes);
    void forget(const DeliveryId& delivery);
    /// The store has something that is due at `due_at`, or later.
    void tell_due(Timestamp due_at);
    void signal(LaneSignal signal);
};

}  // namespace postrider::delivery
