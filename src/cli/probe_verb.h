#pragma once

#include <vector>

#include "cli/verb.h"

namespace postrider::cli {

/// A part of the table of verbs: `probe`.
std::vector<Verb> probe_verbs();

}  // namespace postrider::cli
