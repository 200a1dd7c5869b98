#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "access/api_keys.h"
#include "app/expiry_gate.h"
#include "base/clock.h"
#include "directory/retention.h"
#include "events/fan_out.h"
#include "net/event_loop.h"
#include "store/store.h"
#include "webhooks/target_rebuilds.h"

namespace postrider::directory {
class Directory;
}
namespace postrider::webhooks {
class Cancellations;
class OperationalEvents;
class Recoveries;
}  // namespace postrider::webhooks

namespace postrider::app {

/// Does what is nobody's request, one small transaction at a time, so that no publish waits for it:
/// ends idempotency keys, reset tokens, sessions and access tokens that are too old, notes when
/// API keys were last used, removes what deleted realms held, what is older than a realm's
/// retention and keys that ended long ago, tells of failed deliveries, lets the store tidy up, and
/// goes on with recoveries and with the writing and cancelling of deliveries that an error of the
/// store has stopped. Of several nodes the steward does most of it. Lives on the engine's loop.
class Housekeeper {
 public:
    Housekeeper(store::Store& store, events::FanOut& fan_out,
                webhooks::Cancellations& cancellations, webhooks::TargetRebuilds& rebuilds,
                webhooks::Recoveries& recoveries, directory::Directory& directory,
                const webhooks::OperationalEvents& operational, access::ApiKeys& keys,
                const Clock& clock, net::EventLoop& loop)
        : store_(store),
          fan_out_(fan_out),
          cancellations_(cancellations),
          rebuilds_(rebuilds),
          recoveries_(recoveries),
          directory_(directory),
          operational_(operational),
          keys_(keys),
          clock_(clock),
          loop_(loop),
          gate_(clock.now(), clock.monotonic(), store.last_run()) {}
    Housekeeper(const Housekeeper&) = delete;
    Housekeeper& operator=(const Housekeeper&) = delete;

    void start();
    /// Nothing more begins. Call it while the loop runs, before the store stops.
    void stop();

 private:
    /// What a look at the store found to be done.
    enum class Chore { uses, expire, purge, sweep, keys, notices, overdue };
    struct Plan {
        Duration longest{0};     ///< for which a realm keeps its log
        bool may_expire = true;  ///< what is too old may go
        std::vector<directory::Overdue> overdue;
        std::vector<store::ApiKeyRow> ended_keys;
        std::vector<access::ApiKeyUse> uses;
        RealmId purged;  ///< the deleted realm that had the last turn
        std::vector<Chore> chores{Chore::uses, Chore::expire,  Chore::purge,  Chore::sweep,
                                  Chore::keys, Chore::notices, Chore::overdue};
    };
    /// What is left of it after a step.
    struct Progress {
        Plan plan;
        bool has_more = false;  ///< there is more to do now
    };
    void schedule(Duration wait, std::function<void()> then);
    void work();
    bool may_expire();
    /// When API keys were last used.
    void note_uses();
    void go_on(Plan plan);
    void went_on(const Progress& progress);
    /// The same where one of the chores goes wrong: each in a transaction of its own, and the one
    /// that fails is left out until the next look. `at`: the chore's place.
    void go_on_apart(Progress progress, std::size_t at);
    /// `tries`: how often with this one.
    void tidy(Duration retention, std::size_t tries);
    /// One step of each kind in one transaction.
    Result<Progress> step(store::Transaction& tx, Plan plan);
    /// One step of one kind; what is left to do goes into `progress`.
    Result<void> do_chore(store::Transaction& tx, Chore chore, Progress& progress);
    Result<void> remove_keys(store::Transaction& tx, const std::vector<store::ApiKeyRow>& rows);

    store::Store& store_;
    events::FanOut& fan_out_;
    webhooks::Cancellations& cancellations_;
    webhooks::TargetRebuilds& rebuilds_;
    webhooks::Recoveries& recoveries_;
    directory::Directory& directory_;
    const webhooks::OperationalEvents& operational_;
    access::ApiKeys& keys_;
    const Clock& clock_;
    net::EventLoop& loop_;
    ExpiryGate gate_;                               // the loop's thread
    std::unique_ptr<net::EventLoop::Timer> timer_;  // the loop's thread; none: stopped
};

}  // namespace postrider::app
