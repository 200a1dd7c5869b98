#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/attempt.h"
#include "model/ids.h"
#include "model/states.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::webhooks {
class OperationalEvents;
}

namespace postrider::delivery {

/// What the engine does to webhooks, inside the transaction that records the outcome; webhooks/
/// does it. Called on the writer's thread.
struct WebhookActions {
    /// Disables it (410, promise 7), with its event, and cancels what is pending. Answers false,
    /// and does nothing, when it is disabled or deleted already.
    std::function<Result<bool>(store::Transaction&, const RealmId&, const WebhookId&,
                               DisabledReason)>
        disable;
    /// An attempt of a tombstone was recorded: removes the tombstone when nothing of it is pending.
    std::function<Result<void>(store::Transaction&, const RealmId&, const WebhookId&)>
        purge_if_final;
    /// What is told of webhooks and their deliveries. nullptr: nothing is.
    const webhooks::OperationalEvents* operational = nullptr;
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

/// What a pending delivery waits for. Persistent (API); never rename.
enum class WaitsFor {
    retry,           ///< the time of its next attempt
    authentication,  ///< an access token of its webhook's token endpoint
    rate_limit,      ///< its webhook's rate: until the next attempt may start
    max_in_flight,   ///< an end of one of the attempts that are in flight to its webhook
    breaker,         ///< its webhook's receiver is down: until the next attempt at finding out
    turn,            ///< its turn among all that are due
    order,           ///< an earlier delivery of its resource, whose order its webhook keeps
};
std::string_view to_string(WaitsFor what);

struct Wait {
    WaitsFor what = WaitsFor::turn;
    std::optional<Timestamp> until = {};  ///< none: not known
};

/// A delivery that somebody asks about.
struct Asked {
    WebhookId webhook;
    DeliveryId delivery;
};

struct EngineOptions {
    std::string flight_file;  ///< where deliveries in flight are noted (promise 6)
    std::string user_agent;   ///< "Postrider/0.1.0"
    /// What absolute URLs of the server begin with, without a slash at the end. Any thread.
    std::function<std::string()> origin = [] { return std::string(); };
    std::size_t attempts_in_flight_max = 0;
    WebhookActions actions;
    std::optional<Ownership> ownership = {};  ///< none: every lane is this node's
    /// What a delivery of auth.reset_password carries as `data.token` while it is sent, and nothing
    /// keeps; "" for nothing. On a reader's thread.
    std::function<Result<std::string>(store::sql::Connection&, const store::DeliveryRow&)>
        secret_of = nullptr;
    /// Called on the engine's thread after each attempt, for metrics; must not block.
    std::function<void(OutcomeReason, const AttemptTimings&)> attempted = nullptr;
};

}  // namespace postrider::delivery
