#pragma once

#include "cli/context.h"
#include "cli/verb.h"

namespace postrider::cli {

/// The webhooks that were attempted, worst first, of the period that `query` names.
int rank_webhooks(Context& context, const Given& given, Query query);

/// `postrider statistics`: which webhooks fail, and what attempts came to over time.
Verb statistics_verb();

}  // namespace postrider::cli
