#pragma once

#include <vector>

#include "cli/verb.h"

namespace postrider::cli {

/// tail, forward and consumer; event_verbs() has them with its own.
std::vector<Verb> feed_verbs();

}  // namespace postrider::cli
