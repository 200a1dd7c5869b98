#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/verb.h"
#include "config/config.h"

namespace postrider::cli {

/// What was typed after a verb.
struct Parsed {
    Given given;
    config::Given configuration;  ///< the options of `serve`, when the verb takes them
    bool help = false;
};

/// Parses the words after the verb's own. Errors: invalid_argument, one sentence.
Result<Parsed> parse_arguments(const Verb& verb, const std::vector<std::string>& words);

}  // namespace postrider::cli
