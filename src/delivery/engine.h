#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "events/delivery_sink.h"
#include "model/ids.h"
#include "store/store.h"
#include "webhooks/target.h"

namespace postrider::net {
class EventLoop;
class HttpSender;
}  // namespace postrider::net

namespace postrider::delivery {

/// What the engine does to webhooks, inside the transaction that records the outcome; webhooks/
/// does it. Called on the writer's thread.
struct WebhookActions {
    /// Disables it (410, promise 7), with its event; no-op when it is disabled.
    std::function<Result<void>(store::Transaction&, const RealmId&, const WebhookId&,
                               DisabledReason)>
        disable;
    /// An attempt of a tombstone was recorded: removes the tombstone when nothing of it is pending.
    std::function<Result<void>(store::Transaction&, const RealmId&, const WebhookId&)>
        purge_if_final;
};

/// Where several nodes share the store: only lanes that were given to this node are attempted.
struct Ownership {
    /// Which lanes are still this node's, inside the transaction that records outcomes.
    std::function<Result<std::vector<bool>>(store::Transaction&, std::span<const store::OwnedLane>)>
        hold;
    /// Deliveries of a lane that is not this node's were committed here. Any thread; these three
    /// must not block.
    std::function<void(const WebhookId&)> elsewhere;
    /// Nothing of a lane that was to be released is in flight any more.
    std::function<void(const store::OwnedLane&)> released;
    /// A lane is another node's, and this one did not know.
    std::function<void()> lost;
};

struct EngineOptions {
    std::string flight_file;  ///< where deliveries in flight are noted (promise 6)
    std::string user_agent;   ///< "Postrider/0.1.0"
    std::size_t attempts_in_flight_max = 0;
    WebhookActions actions;
    std::optional<Ownership> ownership = {};  ///< none: every lane is this node's
    /// What a delivery of auth.reset_password carries as `data.token` while it is sent, and nothing
    /// keeps; "" for nothing. On a reader's thread.
    std::function<Result<std::string>(store::sql::Connection&, const store::DeliveryRow&)>
        secret_of = nullptr;
    /// Called on the engine's thread after each attempt, for metrics; must not block.
    std::function<void(OutcomeReason, Duration)> attempted = nullptr;
};

/// What /metrics and the tests ask of the engine.
struct EngineCounts {
    std::uint64_t attempts = 0;
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
    std::size_t in_flight = 0;
    std::size_t held = 0;
    std::size_t lanes_behind = 0;
    /// What is pending is due by so much less than its row says: the clock was set back
    /// (delivery/due_time.h).
    Duration due_ahead{0};
};

/// The loop that delivers: takes committed deliveries, plans attempts lane by lane, sends, records.
/// Its decisions are the scheduler's, which is pure. Start it after every target has been told.
class Engine : public events::DeliverySink, public webhooks::TargetSink {
 public:
    /// Sends a delivery marked `test` now, past its lane's limits and even when the webhook is
    /// disabled; `done` is called after its attempt is recorded, on any thread.
    virtual void send_test(events::Offer offer, std::function<void(Result<void>)> done) = 0;
    /// A delivery was made pending by hand or by recover; after that commit.
    virtual void wake(const RealmId& realm, const WebhookId& webhook,
                      store::CommitNumber commit) = 0;
    /// With EngineOptions::ownership. Its lanes, all of them; nothing is attempted after `until`.
    virtual void own(std::vector<store::OwnedLane> /*lanes*/) {}
    virtual void release(std::vector<store::OwnedLane> /*lanes*/) {}
    virtual void lease(Monotonic /*until*/) {}
    /// Deliveries of these webhooks were committed by other nodes; snapshots that have seen
    /// `commit` show them.
    virtual void hinted(std::vector<WebhookId> /*webhooks*/, store::CommitNumber /*commit*/,
                        Timestamp /*due_since*/) {}
    /// `task` runs on the engine's thread when it goes by everything that it was told before.
    virtual void after(std::function<void()> task) { task(); }
    /// Thread-safety: any thread.
    virtual EngineCounts counts() const = 0;

    /// Counts the crash of what was in flight when the last process died, then starts the thread,
    /// which runs the loop. Errors: unavailable, one sentence.
    virtual Result<void> start() = 0;
    /// Submits nothing more, gives attempts in flight until `deadline`, records what ended, stops
    /// the loop and the thread.
    virtual void stop(Monotonic deadline) = 0;
};

/// Lifetime: everything outlives the engine. Loop and sender are the engine's thread's from start()
/// on.
std::unique_ptr<Engine> make_engine(store::Store& store, const Clock& clock, Random& random,
                                    net::EventLoop& loop, net::HttpSender& sender,
                                    EngineOptions options);

}  // namespace postrider::delivery
