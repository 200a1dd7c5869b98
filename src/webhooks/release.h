#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "model/actor.h"
#include "model/ids.h"
#include "store/store.h"

namespace postrider::webhooks {

/// How a resource that a webhook holds goes on (Controls::on_exhausted).
enum class Release {
    retry,  ///< the delivery that failed is attempted once more, with its whole schedule
    skip,   ///< it stays failed, and the next one goes
};
std::string_view to_string(Release how);
std::optional<Release> parse_release(std::string_view text);

/// Releases the resource. Answers with the delivery that held it, which is due now when it is
/// retried. Errors: not_found (the webhook; nothing of the resource is held); conflict (its
/// delivery is past its retention, of what is kept since `kept_since`, and cannot be retried).
Result<DeliveryId> release(store::Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                           const ResourceId& resource, Release how, const Actor& actor,
                           Timestamp kept_since);

}  // namespace postrider::webhooks
