#include "cli/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/nearest.h"

namespace postrider::cli {
namespace {

struct Alias {
    std::string_view typed, name;
};
/// In this order: a group has one of the names at most.
constexpr Alias aliases[] = {{"ls", "list"},
                             {"get", "show"},
                             {"view", "show"},
                             {"describe", "show"},
                             {"add", "create"},
                             {"new", "create"},
                             {"update", "edit"},
                             {"set", "edit"},
                             {"rm", "delete"},
                             {"remove", "delete"},
                             {"del", "delete"},
                             {"rm", "revoke"},
                             {"delete", "revoke"},
                             {"remove", "revoke"},
                             {"rm", "end"},
                             {"delete", "end"},
                             {"rm", "cancel"},
                             {"delete", "cancel"},
                             {"resend", "redeliver"},
                             {"try", "attempt-now"},
                             {"try-now", "attempt-now"},
                             {"set-permissions", "permissions"},
                             {"set-password", "password"}};

const Verb* verb_of(const std::vector<Verb>& verbs, std::string_view group, std::string_view name) {
    auto is_it = [&](std::string_view word) {
        return std::ranges::find_if(
            verbs, [&](const Verb& verb) { return verb.group == group && verb.name == word; });
    };
    if (auto found = is_it(name); found != verbs.end()) return &*found;
    if (group.empty()) return nullptr;
    for (const auto& alias : aliases) {
        if (alias.typed != name) continue;
        if (auto found = is_it(alias.name); found != verbs.end()) return &*found;
    }
    return nullptr;
}

/// "webhooks" is "webhook"; "" of what is no group in either number.
std::string group_of(const std::vector<Verb>& verbs, std::string_view word) {
    if (is_group(verbs, word)) return std::string(word);
    std::string single(word);
    if (single.ends_with("ies")) {
        single.replace(single.size() - 3, 3, "y");
    } else if (single.ends_with('s')) {
        single.pop_back();
    }
    return is_group(verbs, single) ? single : std::string();
}

/// The flag of the server that a word is: "--realm", "--realm=acme" or "-o".
const Argument* server_flag(std::string_view word) {
    auto name = word.substr(0, word.find('='));
    for (const auto& argument : server_arguments()) {
        if (argument.name == name || (!argument.letter.empty() && argument.letter == name)) {
            return &argument;
        }
    }
    return nullptr;
}

/// The verb or group that is most like what was typed, by its own name, its plural or the names
/// that other programs have for it; "" when none is.
std::string like_verb(const std::vector<Verb>& verbs, std::string_view group,
                      std::string_view typed) {
    std::deque<std::string> plurals;
    std::vector<std::string_view> words, meant;
    auto add = [&](std::string_view word, std::string_view means) {
        words.push_back(word);
        meant.push_back(means);
    };
    for (const auto& verb : verbs) {
        if (verb.summary.empty() || (!group.empty() && verb.group != group)) continue;
        const bool is_of_group = group.empty() && !verb.group.empty();
        add(is_of_group ? verb.group : verb.name, is_of_group ? verb.group : verb.name);
        if (is_of_group) add(plurals.emplace_back(std::string(verb.group) + "s"), verb.group);
    }
    for (const auto& alias : aliases) {
        const auto* verb = group.empty() ? nullptr : verb_of(verbs, group, alias.typed);
        if (verb != nullptr) add(alias.typed, verb->name);
    }
    const auto like = nearest(words, typed);
    const auto found = std::ranges::find(words, like);
    return like.empty() ? "" : std::string(meant[std::size_t(found - words.begin())]);
}

}  // namespace

bool is_group(const std::vector<Verb>& verbs, std::string_view word) {
    return std::ranges::any_of(
        verbs, [&](const Verb& verb) { return !word.empty() && verb.group == word; });
}

Words find_verb(const std::vector<Verb>& verbs, const std::vector<std::string>& typed) {
    Words words;
    std::deque<std::string> left(typed.begin(), typed.end());
    auto take = [&] {
        words.rest.push_back(std::move(left.front()));
        left.pop_front();
    };
    /// The next word that is no flag; flags before it go to the rest. "" when there is none.
    auto next = [&]() -> std::string {
        while (!left.empty() && left.front().starts_with('-')) {
            const auto* flag = server_flag(left.front());
            if (flag == nullptr) return {};
            bool is_whole = flag->is_switch() || left.front().find('=') != std::string::npos;
            take();
            if (!is_whole && !left.empty()) take();
        }
        if (left.empty()) return {};
        auto word = std::move(left.front());
        left.pop_front();
        return word;
    };
    const auto first = next();
    if (const auto* verb = verb_of(verbs, "", first)) {
        words.verb = verb;
        words.name = first;
    } else if (auto group = group_of(verbs, first); !group.empty()) {
        words.group = group;
        words.name = next();
        words.verb = verb_of(verbs, group, words.name);
    } else {
        words.name = first;
    }
    words.rest.insert(words.rest.end(), left.begin(), left.end());
    return words;
}

std::string unknown_verb(const std::vector<Verb>& verbs, const Words& words) {
    std::vector<std::string> meant;
    for (const auto& verb : verbs) {
        bool other_way_round = words.group.empty() && !verb.group.empty() &&
                               verb_of(verbs, verb.group, words.name) == &verb;
        if (other_way_round) meant.push_back("postrider " + verb.words());
    }
    if (!meant.empty()) {
        return fmt::format("\"{}\" needs to know of what, like {}; see postrider --help",
                           words.name, meant.front());
    }
    auto like = like_verb(verbs, words.group, words.name);
    std::string of = words.group.empty() ? "" : fmt::format(" of {}", words.group);
    std::string see =
        words.group.empty() ? "postrider --help" : fmt::format("postrider {} --help", words.group);
    return fmt::format("\"{}\" is no verb{}; {}see {}", words.name, of,
                       like.empty() ? "" : fmt::format("do you mean {}? Otherwise ", like), see);
}

}  // namespace postrider::cli
