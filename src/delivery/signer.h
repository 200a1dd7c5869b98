#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "webhooks/target.h"

namespace postrider::delivery {

/// The value of `webhook-signature`: one signature per key, new first, separated by spaces; those
/// of the previous secret until it expires; "" when none of its schemes signs. `timestamp` is the
/// value of `webhook-timestamp`. Source: Standard Webhooks, "Signature scheme".
std::string sign(const webhooks::Target& target, std::string_view id, std::string_view timestamp,
                 std::string_view body, Timestamp now);

/// The value of `x-ferriskey-signature`: hex HMAC-SHA256 over "<timestamp>.<body>", the key being
/// the secret's text; "" when the webhook does not sign so. Source: FerrisKey, its webhooks.
std::string sign_ferriskey(const webhooks::Target& target, std::string_view timestamp,
                           std::string_view body);

}  // namespace postrider::delivery
