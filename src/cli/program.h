#pragma once

#include <deque>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "cli/context.h"

namespace postrider::cli {

/// The table of verbs, in the order of the help.
std::vector<Verb> all_verbs(const Program& program);

/// run() with its surroundings given, for tests. `words`: what follows the program's name.
int run_words(Context& context, const Program& program, std::vector<std::string> words);

}  // namespace postrider::cli
