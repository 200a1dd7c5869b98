#pragma once

#include <memory>
#include <vector>

#include "access/api_keys.h"
#include "base/clock.h"
#include "net/event_loop.h"
#include "store/store.h"

namespace postrider::directory {
class Directory;
}
namespace postrider::webhooks {
class Recoveries;
}

namespace postrider::app {

/// Does what is nobody's request, one small transaction at a time, so that no publish waits for it:
/// ends idempotency keys, reset tokens, sessions and access tokens that are too old, notes when
/// API keys were last used, removes what deleted realms held, and
/// goes on with recoveries that an error of the store has stopped. Lives on the engine's loop.
class Housekeeper {
 public:
    Housekeeper(store::Store& store, webhooks::Recoveries& recoveries,
                directory::Directory& directory, access::ApiKeys& keys, const Clock& clock,
                net::EventLoop& loop)
        : store_(store),
          recoveries_(recoveries),
          directory_(directory),
          keys_(keys),
          clock_(clock),
          loop_(loop) {}
    Housekeeper(const Housekeeper&) = delete;
    Housekeeper& operator=(const Housekeeper&) = delete;

    void start();
    /// Nothing more begins. Call it while the loop runs, before the store stops.
    void stop();

 private:
    void schedule(Duration wait);
    void work();
    /// One step of each kind in one transaction; true: there is more to do now.
    Result<bool> step(store::Transaction& tx, const std::vector<access::ApiKeyUse>& uses);

    store::Store& store_;
    webhooks::Recoveries& recoveries_;
    directory::Directory& directory_;
    access::ApiKeys& keys_;
    const Clock& clock_;
    net::EventLoop& loop_;
    std::unique_ptr<net::EventLoop::Timer> timer_;  // the loop's thread; none: stopped
};

}  // namespace postrider::app
