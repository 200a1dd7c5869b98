#pragma once

#include <functional>
#include <optional>

#include "api/call.h"
#include "net/url.h"

namespace postrider::api {

/// Of a webhook that is to be saved: calls `save`, unless its URL is plain http to a name that does
/// not resolve to an address that plain http may reach. Then nothing is saved, and the call is
/// answered with the field. What the name may not reach and what does not exist read the same, so
/// that nobody learns of a private network's names. A look-up without an answer within
/// limits::url_save_timeout hinders nobody: attempts look again. `existing`: the webhook that is
/// changed; a URL that it has already is not looked at.
/// Thread-safety: `save` is called at once, or from another thread.
void save_if_reachable(Context& context, const Call& call, const std::optional<net::Url>& url,
                       std::optional<WebhookId> existing, std::function<void()> save);

}  // namespace postrider::api
