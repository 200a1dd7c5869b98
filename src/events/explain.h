#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/ids.h"
#include "store/store.h"

namespace postrider::events {

/// What became of an event at a webhook. Persistent (API); never rename.
enum class Verdict {
    delivered,
    pending,
    failed,
    cancelled,
    not_subscribed,  ///< its events did not match
    disabled,        ///< it was disabled when the event was accepted
    created_later,   ///< it did not exist then
    deleted,         ///< it was deleted then
    filtered,        ///< its filter did not let the event through
};
std::string_view to_string(Verdict verdict);
std::optional<Verdict> parse_verdict(std::string_view text);

struct Explanation {
    WebhookId webhook;
    std::string name;  ///< "" when nothing but the delivery is left of it
    Verdict verdict = Verdict::not_subscribed;
    std::string because;  ///< one sentence for people
    std::optional<DeliveryId> delivery;
    std::optional<Timestamp> next_attempt_at;
};

/// For every webhook of the realm, newest first: why this event was, was not, or is not yet
/// delivered to it. What held when the event was accepted decides. Deleted webhooks appear when
/// they have a delivery of the event. `due_ahead`: what is pending is due by so much less than its
/// row says (delivery::EngineCounts). Errors: not_found (no such event in the realm), the store's.
Result<std::vector<Explanation>> explain(store::sql::Connection& sql, const RealmId& realm,
                                         const EventId& event, Duration due_ahead = {});

/// `{"event_id": …, "items": […]}`
std::string explanation_json(const EventId& event, const std::vector<Explanation>& items);

}  // namespace postrider::events
