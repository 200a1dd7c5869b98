#pragma once

#include <optional>

#include "base/random.h"
#include "base/time.h"
#include "model/attempt.h"
#include "store/rows.h"
#include "webhooks/target.h"

namespace postrider::delivery {

/// What an attempt's result means for its delivery and its webhook.
struct Decision {
    store::DeliveryRow next;         ///< the delivery's row after the attempt
    bool counts_as_failure = false;  ///< towards disabling the webhook (promise 7)
    bool disable_gone = false;       ///< 410
};

/// Pure: promises 6 and 7. `row` is the delivery before the attempt; `started_at` the attempt's
/// start, `now` its end.
///
/// A wait is the schedule's, ±20 %, or what Retry-After asks, clamped between the schedule's and
/// 24 h. Internal outcomes do not use the schedule up: 1 s, doubling to 5 min, until the schedule's
/// whole span (an hour at least) has passed with them alone. A test is never
/// repeated. A probe of an open breaker that fails uses nothing of the schedule up: it is due again
/// at `probe_again_at`; but who asks for no retry gets none.
Decision decide(const store::DeliveryRow& row, const AttemptResult& result,
                const webhooks::Target& target, Timestamp started_at, Timestamp now, Random& jitter,
                std::optional<Timestamp> probe_again_at = std::nullopt);
/// As the receiver asks by Retry-After, unclamped; nullopt: it does not.
std::optional<Duration> asked_delay(const AttemptResult& result, Timestamp now);

/// One sentence for people: "answered 503", "connection refused by 192.0.2.1:443".
std::string describe(const AttemptResult& result);

}  // namespace postrider::delivery
