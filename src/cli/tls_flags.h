#pragma once

#include <optional>

#include "base/json.h"
#include "cli/verb.h"

namespace postrider::cli {

/// The flags that say whom a webhook's connections trust, and which certificate they show.
std::vector<Argument> tls_arguments();

/// The webhook's member `tls` as the flags have it; null to remove it, nullopt when none is given.
/// Errors: invalid_argument, one sentence that names the flag or the file.
Result<std::optional<json::Value>> tls_of(const Given& given);

/// What the flags leave out of `tls` stays as `webhook` has it, by its mask.
json::Value with_the_rest_of(const json::Value& webhook, const json::Value& tls);

}  // namespace postrider::cli
