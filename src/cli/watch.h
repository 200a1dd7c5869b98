#pragma once

#include "cli/context.h"

namespace postrider::cli {

/// Runs a verb again and again, until it is ended. On a terminal each answer takes the place of the
/// one before; elsewhere only what is new or changed is written: lines of a list, oldest first, or
/// the whole of one thing. What cannot be had later is said once and tried again; gives the exit
/// code when it cannot be had at first. Requires: a verb with --watch.
int watch(Context& context, const Verb& verb, const Given& given);

}  // namespace postrider::cli
