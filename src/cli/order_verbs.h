#pragma once

#include <vector>

#include "base/json.h"
#include "cli/context.h"
#include "cli/verb.h"

namespace postrider::cli {

/// The flags that say in which order a webhook's deliveries start.
std::vector<Argument> order_arguments();
/// The webhook's members as these flags have them; null resets one.
std::vector<std::pair<std::string, json::Value>> order_members(const Given& given);

/// `webhook held` and `webhook release`: resources whose deliveries wait for somebody.
std::vector<Verb> order_verbs();

}  // namespace postrider::cli
