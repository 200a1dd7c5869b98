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

}  // namespace postrider::delivery
