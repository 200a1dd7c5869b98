#pragma once

#include "base/result.h"
#include "store/store.h"

namespace postrider::directory {

/// Takes the reset tokens out of stored events of auth.reset_password, where versions before 0.2
/// put them for realms with `reset_token_in_event`. Done once in the life of a store, in steps;
/// what was interrupted begins anew. Blocks: for the start. On a full disk it waits for the next
/// start: the tokens have ended after half an hour anyway.
Result<void> clear_old_reset_tokens(store::Store& store);

/// The data of such an event without its token; as it is when it has none. Pure.
std::string without_reset_token(std::string_view data);

}  // namespace postrider::directory
