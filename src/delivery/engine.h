#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "delivery/ports.h"
#include "events/delivery_sink.h"
#include "model/ids.h"
#include "store/store.h"
#include "webhooks/target.h"

namespace postrider::net {
class EventLoop;
class HttpSender;
}  // namespace postrider::net

namespace postrider::delivery {

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
    /// A delivery was made pending, or due, by hand or by recover; after that commit. Of a lane
    /// whose breaker is open `wanted` is the next probe, at once, when it is in memory.
    virtual void wake(const RealmId& realm, const WebhookId& webhook, store::CommitNumber commit,
                      std::optional<DeliveryId> wanted) = 0;
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
    /// What deliveries that are due wait for; none for those that are being attempted. Of a lane
    /// that another node has it is their turn. `then` is called on the engine's thread, with an
    /// answer for each.
    virtual void look(std::vector<Asked> asked,
                      std::function<void(std::vector<std::optional<Wait>>)> then) = 0;
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
