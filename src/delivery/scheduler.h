#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "delivery/admission/flight_bytes.h"
#include "delivery/lane.h"
#include "delivery/ports.h"
#include "events/delivery_sink.h"
#include "model/limits.h"
#include "store/tables.h"

namespace postrider::delivery {

/// Decides which delivery is attempted when. A synchronous state machine that is told the time and
/// does no I/O: the engine feeds it and carries out its plans. Every webhook has its own lane, and
/// lanes take turns, one delivery each, so that none holds up another.
/// Memory is bounded (limits::held_*) whatever the backlog: what finds no room stays in the store,
/// and its lane is refilled later.
class Scheduler {
 public:
    /// Requires: attempts_in_flight_max > 0.
    explicit Scheduler(std::size_t attempts_in_flight_max);

    /// A lane that may have a backlog in the store. No-op when it exists.
    void add_lane(const RealmId& realm, const WebhookId& webhook);
    /// What the webhook asks of its lane; no-op when there is none. `is_taken_over`: another
    /// process had it just now.
    void set_policy(const WebhookId& webhook, const admission::Policy& policy, bool is_taken_over,
                    Timestamp now);
    /// What is known of its access token; no-op when there is no lane.
    void set_token(const WebhookId& webhook, const admission::Token& token, Timestamp now);
    void remove_lane(const WebhookId& webhook);
    /// Its pending deliveries may have been cancelled at or before `commit`: forgets what is held
    /// (not what is in flight) and reads again.
    void reset_lane(const WebhookId& webhook, store::CommitNumber commit);
    /// Its receiver is another, or somebody says that it is up: nothing is known of it.
    void close_breaker(const WebhookId& webhook, Timestamp now);
    /// Somebody wants something of the lane attempted now: of an open one it is the next probe.
    void hurry(const WebhookId& webhook, const DeliveryId& wanted, Timestamp now);
    /// The store has deliveries of this lane that memory was not offered (refused, revived), or
    /// that are due earlier than it knows, at `due_since` or later.
    void mark_behind(const RealmId& realm, const WebhookId& webhook, store::CommitNumber commit,
                     Timestamp due_since);

    /// The store has something of this lane that is due at `due_at` or later, since `commit`; no-op
    /// when there is no lane.
    void tell(const WebhookId& webhook, store::CommitNumber commit, Timestamp due_at);

    /// One that keeps the order of its resource is read from the store, which knows whose turn it
    /// is.
    void offer(events::Offer offer, Timestamp now);
    /// A delivery that is sent outside of the plan (a test): refills leave it alone. It counts
    /// for the rate.
    void adopt(const RealmId& realm, const WebhookId& webhook, const DeliveryId& delivery,
               std::size_t bytes, Timestamp now);

    struct Refill {
        RealmId realm;
        WebhookId webhook;
        std::uint64_t life = 0;     ///< of the lane: its answer is for no other
        Timestamp due_since;        ///< nothing is pending that was due before
        std::size_t limit = 0;      ///< rows to read
        std::size_t bytes = 0;      ///< of bodies to read
        bool asks_breaker = false;  ///< what another process left of it, or wants of it
    };
    /// Lanes to read from the store now; at most limits::refills_in_flight_max are under way.
    std::vector<Refill> refills(Timestamp now);
    /// `due` of a snapshot that has seen `commit`; `breaker` as the store has it, of one that asks.
    void refilled(const Refill& refill, store::deliveries_table::Due due,
                  store::CommitNumber commit, Timestamp now,
                  const std::optional<admission::Breaker::Open>& breaker = {});
    /// Reads again in limits::refill_again_after: what refused the read is busy.
    void refill_failed(const Refill& refill, Timestamp now);

    /// Deliveries to attempt now, at most `count_max`, lane by lane. They count as in flight until
    /// finished().
    std::vector<Held> plan(Timestamp now, std::size_t count_max);
    /// The attempt of what was planned ended; the delivery is remembered until recorded(). Answers
    /// what became of the lane's breaker.
    struct Ended {
        LaneSignal signal = LaneSignal::none;
        Timestamp wall = {};                       ///< when, for people
        std::optional<Duration> retry_after = {};  ///< as the receiver asks
    };
    admission::Breaker::Change finished(const Held& planned, const Ended& ended, Timestamp now);
    /// A change that finished() told of is in the store since `commit`.
    void breaker_recorded(const Held& planned, store::CommitNumber commit);
    /// The body of what was planned is rendered: `bytes` are what it takes beside the event.
    void rendered(Held& planned, std::size_t bytes);
    /// What was planned holds no memory any more: recorded, or never attempted. Its realm's large
    /// bodies may go on. Requires: called once for each that plan() gave.
    void landed(const Held& planned);
    /// The outcome is in the store since `commit`. A delivery that is still pending goes on waiting
    /// in memory when its time is near and there is room, else in the store.
    void recorded(const WebhookId& webhook, const DeliveryId& delivery, std::optional<Held> next,
                  store::CommitNumber commit, Timestamp now);

    /// When plan() or refills() would find something that they do not now; nullopt: nothing known.
    std::optional<Timestamp> next_wake() const;

    /// What a delivery that is due waits for; nullopt: it is being attempted.
    std::optional<Wait> wait_of(const Asked& asked, Timestamp now) const;

    std::size_t in_flight() const { return in_flight_; }
    std::size_t held() const { return held_; }
    std::size_t lanes_behind() const { return lanes_behind_; }
    const Lane* find_lane(const WebhookId& webhook) const;

 private:
    /// A lane's place in a queue. It outlives the lane.
    struct Place {
        WebhookId webhook;
        std::uint64_t life = 0;
    };
    Lane* find(const WebhookId& webhook);
    Lane* find(const WebhookId& webhook, std::uint64_t life);
    Lane& ensure(const RealmId& realm, const WebhookId& webhook);
    bool has_room(const Lane& lane, std::size_t bytes) const;
    void hold(Lane& lane, Held held, Timestamp now);
    void tell(Lane& lane, store::CommitNumber commit, Timestamp due_at);
    admission::Answer admit(const Lane& lane, Timestamp now) const;
    void queue_if_ready(Lane& lane, Timestamp now);
    Lane* next_in_turn();
    Held start(Lane& lane, Timestamp now);
    static std::deque<Held>::iterator next_probe(Lane& lane);
    Backlog::Answer take(Lane& lane, store::deliveries_table::Due due, store::CommitNumber commit,
                         Timestamp now);
    void follow(Lane& lane);
    static bool reads_for_room(const Lane& lane);
    void want_refill(Lane& lane);
    void set_wake(Lane& lane);
    void take_due(Timestamp now);
    void let_go(Lane& lane, const Held& held);
    void drop_held(Lane& lane);
    void make_room(Lane& lane);
    void drop_waiting(Lane& lane, std::multimap<Timestamp, Held>::iterator at);
    bool is_sooner(Lane& lane, const store::DeliveryRow& row);

    std::size_t attempts_in_flight_max_;
    std::unordered_map<WebhookId, std::unique_ptr<Lane>> lanes_;
    // Lanes with ready deliveries, taking turns; those that have shown a success take every second
    // turn, so that hundreds of lanes that hang are not waited for.
    std::deque<Place> proven_round_;
    std::deque<Place> unproven_round_;
    bool proven_turn_ = false;
    std::deque<Place> refill_queue_;  // lanes behind with room for more
    std::set<std::pair<Timestamp, WebhookId>> wakes_;
    std::uint64_t lives_ = 0;  // of all lanes
    std::size_t in_flight_ = 0;
    std::size_t held_ = 0;
    std::size_t held_bytes_ = 0;
    admission::FlightBytes flight_bytes_{limits::held_bytes_max};  // as much again as may wait
    std::vector<Place> waiting_for_bytes_;  // lanes whose next body has no room
    std::size_t refills_in_flight_ = 0;
    std::size_t lanes_behind_ = 0;
};

}  // namespace postrider::delivery
