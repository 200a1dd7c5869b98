#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "events/delivery_sink.h"
#include "model/ids.h"
#include "store/store.h"
#include "webhooks/target.h"

namespace postrider::net {
class EventLoop;
class HttpSender;
}  // namespace postrider::net

namespace postrider::webhooks {
class Webhooks;
}

namespace postrider::delivery {

struct EngineOptions {
    std::string flight_file;  ///< where deliveries in flight are noted (promise 6)
    std::string user_agent;   ///< "Postrider/0.1.0"
    std::size_t attempts_in_flight_max = 0;
};

/// What /metrics and the tests ask of the engine.
struct EngineCounts {
    std::uint64_t attempts = 0;
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
    std::size_t in_flight = 0;
    std::size_t held = 0;
    std::size_t lanes_behind = 0;
};

/// The loop that delivers: takes committed deliveries, plans attempts lane by lane, sends, records.
/// Its decisions are the scheduler's, which is pure. Start it after every target has been told.
class Engine : public events::DeliverySink, public webhooks::TargetSink {
 public:
    /// Sends a delivery marked `test` now, past its lane's limits and even when the webhook is
    /// disabled; `done` is called after its attempt is recorded, on any thread.
    virtual void send_test(events::Offer offer, std::function<void(Result<void>)> done) = 0;
    /// A delivery was made pending by hand or by recover; after that commit.
    virtual void wake(const RealmId& realm, const WebhookId& webhook, store::CommitNumber commit) = 0;
    /// Thread-safety: any thread.
    virtual EngineCounts counts() const = 0;

    virtual void start() = 0;
    /// Submits nothing more, gives attempts in flight until `deadline`, records what ended.
    virtual void stop(Monotonic deadline) = 0;
};

/// Two steps, because webhooks need the engine as their TargetSink and the engine needs webhooks to
/// disable one: set `webhooks` before start().
std::unique_ptr<Engine> make_engine(store::Store& store, const Clock& clock, Random& random,
                                    EngineOptions options,
                                    std::function<std::unique_ptr<net::HttpSender>(net::EventLoop&)>
                                        make_sender,
                                    webhooks::Webhooks*& webhooks);

}  // namespace postrider::delivery
