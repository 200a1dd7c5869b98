#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/verb.h"

/// Which verb the words of a command line name.
namespace postrider::cli {

/// What was typed, taken apart: `postrider --realm acme webhooks ls --all` is the verb
/// "webhook list" with the rest "--realm acme --all".
struct Words {
    std::string group;  ///< empty for a verb that stands by itself, or when there is no word
    std::string name;   ///< empty when only a group was named
    std::vector<std::string> rest;
    const Verb* verb = nullptr;  ///< none: it is not known
};

/// Takes flags of the server, --help and --version before the verb too, plurals of groups, and the
/// names that other programs have for verbs: ls, get, rm, add and so on.
Words find_verb(const std::vector<Verb>& verbs, const std::vector<std::string>& typed);

/// Whether a word is a group: "webhook".
bool is_group(const std::vector<Verb>& verbs, std::string_view word);

/// One sentence about words that name no verb, with those that are meant, perhaps.
std::string unknown_verb(const std::vector<Verb>& verbs, const Words& words);

}  // namespace postrider::cli
