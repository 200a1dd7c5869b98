#pragma once

#include <string>
#include <string_view>

#include "model/attempt.h"
#include "model/event.h"

namespace postrider::delivery {

/// Whether an event may be sent with a reset token.
bool may_carry_secret(const EventContent& event);

/// Masks a secret that the receiver sent back. "" is none.
void mask_secret(AttemptResult& result, std::string_view secret);

/// Masks the value of the request's Authorization header, also where the receiver sent back its
/// credential alone, or the password of Basic authentication. Of those, fewer than eight characters
/// stay as they are: they are in any text. "" is none.
void mask_authorization(AttemptResult& result, std::string_view authorization);

}  // namespace postrider::delivery
