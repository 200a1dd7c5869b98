#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/verb.h"

namespace postrider::cli {

/// `postrider --help`: every verb in one line, the environment, the exit codes.
/// Each is at most `width` columns wide, as far as words allow.
std::string program_help(const std::vector<Verb>& verbs, std::size_t width);
/// `postrider webhook --help`.
std::string group_help(const std::vector<Verb>& verbs, std::string_view group, std::size_t width);
/// `postrider webhook create --help`. `more` are arguments that are not in the verb (config's).
std::string verb_help(const Verb& verb, const std::vector<Argument>& more, std::size_t width);
/// What the process' exit codes mean.
std::span<const std::pair<std::string_view, std::string_view>> exit_codes();
/// The variables that the verbs take.
std::string_view environment_text();
/// The columns that help takes of a terminal: not too many to read well.
std::size_t help_width(std::size_t terminal_width);

/// The script that completes verbs, flags and choices, made of the table. `shell`: bash, zsh or
/// fish.
std::string completion_script(const std::vector<Verb>& verbs, std::string_view shell);

}  // namespace postrider::cli
