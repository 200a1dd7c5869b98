#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "events/publisher.h"
#include "model/ids.h"
#include "model/states.h"
#include "store/store.h"

namespace postrider::webhooks {

/// Deliveries of a webhook that have failed for good, in one transaction.
struct FailedDeliveries {
    RealmId realm;
    WebhookId webhook;
    std::int64_t count = 0;
    bool holds_too_many = false;  ///< limits::held_resources_max is reached
    DeliveryId delivery;          ///< the last of them
    EventId event;
    std::string event_type;
    std::string reason;  ///< one sentence
};

/// A webhook whose breaker has opened.
struct OpenedBreaker {
    RealmId realm;
    WebhookId webhook;
    Timestamp since;
    Timestamp next_attempt_at;
    OutcomeReason outcome = OutcomeReason::accepted;
    std::int64_t status = 0;  ///< 0: none
    std::string detail;
};

/// Events that the server itself publishes about a webhook (events::operational_types()), each in
/// the transaction of what it tells. None goes to the webhook that it is about. A webhook that is
/// deleted fires none, and one that cannot be published is logged: what it tells happens all the
/// same. Errors of each: the store's. Thread-safety: any thread that has a transaction.
class OperationalEvents {
 public:
    /// Lifetime: `publisher` outlives it.
    explicit OperationalEvents(events::Publisher& publisher) : publisher_(publisher) {}

    Result<void> failing(store::Transaction& tx, const OpenedBreaker& opened) const;
    /// Its breaker has closed, which had opened at `failing_since`.
    Result<void> recovered(store::Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                           Timestamp failing_since) const;
    Result<void> disabled(store::Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                          DisabledReason reason) const;
    /// At most one event a webhook and limits::failure_notice_interval: what comes sooner is told
    /// by the next one, or by tell_rest().
    Result<void> deliveries_failed(store::Transaction& tx, const FailedDeliveries& failed) const;
    /// Tells what deliveries_failed() left, some at a time. Returns true if there is more to do.
    Result<bool> tell_rest(store::Transaction& tx) const;

 private:
    struct Told {
        const char* type;
        RealmId realm;
        WebhookId webhook;
        std::string members;  ///< of `data`, without the braces; never empty
    };
    Result<void> tell(store::Transaction& tx, const Told& told) const;

    events::Publisher& publisher_;
};

}  // namespace postrider::webhooks
