#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>

#include "base/time.h"
#include "delivery/admission/admission.h"
#include "delivery/backlog.h"
#include "model/event.h"
#include "store/rows.h"

namespace postrider::delivery {

/// A pending delivery in memory.
struct Held {
    store::DeliveryRow row;
    SharedEvent event;
    std::uint64_t life = 0;        ///< of its lane, when it was planned
    bool is_probe = false;         ///< planned while the lane's breaker was open
    std::size_t flight_bytes = 0;  ///< counted for what it sends, from its start on
};

/// The deliveries of one webhook: those in memory, those in flight, and what is known of those that
/// only the store has. The scheduler's state; told the time, does no I/O.
struct Lane {
    RealmId realm;
    WebhookId webhook;
    /// A lane that went and came back is another: what is in flight of the one before is not its.
    std::uint64_t life = 0;

    std::deque<Held> ready;                  ///< due, oldest first
    std::multimap<Timestamp, Held> waiting;  ///< due within limits::held_ahead
    struct Known {
        std::size_t bytes = 0;
        bool is_started = false;  ///< in flight, or not yet recorded; else in memory
    };
    std::unordered_map<DeliveryId, Known> known;
    std::size_t known_bytes = 0;

    admission::Admission admission;
    Backlog backlog;
    bool has_recalled = false;  ///< what another process left of its breaker
    // What an open breaker tries next: what somebody wants, else not of the resource of the last.
    std::optional<DeliveryId> wanted;
    // What the store has of it is as new as this: changes that are not recorded yet, and the commit
    // of the last that was.
    std::size_t breaker_unrecorded = 0;
    store::CommitNumber breaker_commit = 0;
    bool breaker_forgotten = false;  ///< closed by hand: an outcome before that may say otherwise
    std::optional<ResourceId> last_probed;

    // Its places in the scheduler's queues.
    bool queued_ready = false;
    bool queued_refill = false;
    bool counted_behind = false;
    std::optional<Timestamp> admitted_at;  ///< when admission is to be asked again
    std::optional<Timestamp> wake_at;      ///< its entry among the scheduler's wake-ups

    std::size_t held() const { return ready.size() + waiting.size(); }
    std::size_t window() const;
    void know(const DeliveryId& delivery, Known what);
    void forget(const DeliveryId& delivery);
};

}  // namespace postrider::delivery
