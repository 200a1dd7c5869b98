#pragma once

#include "cli/verb.h"

namespace postrider::cli {

/// `postrider statistics`: which webhooks fail, and what attempts came to over time.
Verb statistics_verb();

}  // namespace postrider::cli
