#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/verb.h"

/// What the API says of a mistake, in the words of the command line: flags and arguments, and never
/// an HTTP method, a path or a pointer.
namespace postrider::cli {

/// The problem document, or whatever else the body is, as lines for people: one for each bad field,
/// or the detail, and what to do next where that is another command. `verb`: what was typed;
/// nullptr: not known. Made printable by the caller.
std::vector<std::string> problem_lines(int status, std::string_view body,
                                       const Verb* verb = nullptr);

/// A place in what was sent ("#/events/0/data") as the verb takes it: "--event, number 1".
std::string spoken_place(std::string_view pointer, const Verb* verb);

}  // namespace postrider::cli
