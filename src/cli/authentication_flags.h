#pragma once

#include <optional>

#include "base/json.h"
#include "cli/verb.h"

namespace postrider::cli {

/// The flags that say how a webhook's requests authenticate themselves.
std::vector<Argument> authentication_arguments();

/// The webhook's member `authentication` as the flags have it; null to remove it, nullopt when
/// none is given. Errors: invalid_argument, one sentence that names the flag.
Result<std::optional<json::Value>> authentication_of(const Given& given);

}  // namespace postrider::cli
