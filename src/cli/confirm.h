#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/context.h"

namespace postrider::cli {

/// What cannot be taken back: "Revoke API key "ci"?".
struct Deed {
    std::string_view verb;  ///< "Revoke"
    std::string_view past;  ///< "revoked"
    std::string what;       ///< "API key \"ci\""
    std::string consequence = {};
};

/// Whether somebody answers yes. Requires: a terminal whose user can be asked.
bool says_yes(Context& context, const std::string& question);

/// Asks before a deed, unless --yes is given; on a terminal its consequence is said before.
/// nullopt: yes. Else the exit code, after saying that nothing was done; without a terminal and
/// --yes that is wrong usage. A verb that calls it takes with_yes().
std::optional<ExitCode> confirm(Context& context, const Given& given, const Deed& deed);

}  // namespace postrider::cli
