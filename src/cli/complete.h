#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace postrider::cli {

/// Writes the names that the last of `words` may become, one a line: webhooks, users, event types …
/// of the server that the words before it name, and contexts. Nothing, and no word of complaint,
/// when there are none or the server does not answer. Units: at most 1 s.
int complete(Context& context, const std::vector<Verb>& verbs,
             const std::vector<std::string>& words);

/// Whether names can be had for an argument of a verb.
bool has_names(const Verb& verb, const Argument& argument);

}  // namespace postrider::cli
