#pragma once

#include <string>
#include <string_view>

#include "model/attempt.h"
#include "model/event.h"

namespace postrider::delivery {

/// Whether a body is of an event that may be sent with a reset token.
bool may_carry_secret(std::string_view body);

/// The same event with `token` as the last member of its data; as it is when its data is no object.
/// Requires: a body as event_body() makes it, and a token of visible ASCII without quotes.
SharedBody with_token(std::string_view body, std::string_view token);

/// Masks a secret that the receiver sent back. "" is none.
void mask_secret(AttemptResult& result, std::string_view secret);

}  // namespace postrider::delivery
