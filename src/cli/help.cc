#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/nearest.h"
#include "cli/text.h"

namespace postrider::cli {
namespace {

constexpr std::size_t width_min = 60;
constexpr std::size_t width_max = 100;
constexpr std::size_t width_default = 80;  ///< where there is no terminal

/// Two columns; the right one is wrapped at words and indented below itself.
void add_row(std::string& out, std::string_view left, std::string_view right, std::size_t indent,
             std::size_t width) {
    std::string line = "  " + std::string(left);
    if (display_width(line) + 2 > indent) {
        out += line + "\n";
        line.clear();
    }
    line.append(indent - display_width(line), ' ');
    std::size_t used = indent;
    bool first = true;
    while (!right.empty()) {
        auto end = std::min(right.find(' '), right.size());
        auto word = right.substr(0, end);
        right.remove_prefix(std::min(end + 1, right.size()));
        if (!first && used + 1 + display_width(word) > width) {
            out += line + "\n";
            line = std::string(indent, ' ');
            used = indent;
            first = true;
        }
        if (!first) line += ' ', ++used;
        line += word;
        used += display_width(word);
        first = false;
    }
    out += line + "\n";
}

std::vector<std::string_view> groups_of(const std::vector<Verb>& verbs) {
    std::vector<std::string_view> groups;
    for (const auto& verb : verbs) {
        if (verb.group.empty() || verb.summary.empty()) continue;
        if (std::ranges::find(groups, verb.group) == groups.end()) groups.push_back(verb.group);
    }
    return groups;
}

std::string left_of(const Argument& argument) {
    std::string left(argument.name);
    if (!argument.letter.empty()) left = std::string(argument.letter) + ", " + left;
    if (!argument.value.empty()) left += " " + std::string(argument.value);
    return left;
}

void add_arguments(std::string& out, const std::vector<Argument>& arguments, bool flags,
                   std::size_t width) {
    for (const auto& argument : arguments) {
        if (argument.is_flag() == flags) add_row(out, left_of(argument), argument.help, 30, width);
    }
}

}  // namespace

std::size_t help_width(std::size_t terminal_width) {
    if (terminal_width == 0) return width_default;
    return std::clamp(terminal_width, width_min, width_max);
}

std::string program_help(const std::vector<Verb>& verbs, std::size_t width) {
    std::string out =
        "Postrider, the webhook server: publish an event once, and every subscribed\n"
        "URL gets it, signed, until it is accepted.\n\n"
        "  postrider VERB [arguments]     postrider VERB --help explains each\n\nVerbs\n";
    for (const auto& verb : verbs) {
        if (verb.group.empty() && !verb.summary.empty())
            add_row(out, verb.name, verb.summary, 26, width);
    }
    for (auto group : groups_of(verbs)) {
        out += "\n";
        for (const auto& verb : verbs) {
            if (verb.group == group && !verb.summary.empty())
                add_row(out, verb.words(), verb.summary, 26, width);
        }
    }
    out +=
        "\nEnvironment\n"
        "  POSTRIDER_URL, POSTRIDER_TOKEN, POSTRIDER_REALM and POSTRIDER_DATA stand for\n"
        "  the flags of the verbs that talk to a server, POSTRIDER_… for each option of\n"
        "  serve. NO_COLOR: no colours.\n"
        "\nExit codes\n"
        "  0  done\n"
        "  1  failed: the server refused or cannot be reached, a test was not accepted,\n"
        "     a question was answered with no\n"
        "  2  wrong flags, arguments or configuration\n"
        "  3  what was named does not exist\n"
        "  4  a signature does not verify\n"
        "\nTo begin\n"
        "  postrider serve --allow-network 127.0.0.0/8 &\n"
        "  postrider listen &\n"
        "  postrider webhook create http://127.0.0.1:3000/ --event '*'\n"
        "  postrider publish user.created --data '{\"name\": \"Ada\"}'\n";
    return out;
}

std::string group_help(const std::vector<Verb>& verbs, std::string_view group, std::size_t width) {
    std::string out = fmt::format("  postrider {} VERB [arguments]\n\n", group);
    for (const auto& verb : verbs) {
        if (verb.group == group && !verb.summary.empty())
            add_row(out, verb.words(), verb.summary, 26, width);
    }
    return out;
}

std::string verb_help(const Verb& verb, const std::vector<Argument>& more, std::size_t width) {
    std::string summary(verb.summary);
    if (!summary.empty() && summary[0] >= 'a' && summary[0] <= 'z') {
        summary[0] = static_cast<char>(summary[0] - 'a' + 'A');
    }
    std::string out = fmt::format("{}.\n\n  postrider {}", summary, verb.words());
    for (const auto& argument : verb.arguments) {
        if (argument.is_flag()) continue;
        bool required = argument.count == Argument::Count::required;
        out += fmt::format(fmt::runtime(required ? " {}" : " [{}]"), argument.name);
    }
    out += " [options]\n";
    if (!verb.examples.empty()) {
        out += "\nExamples\n";
        std::string_view rest = verb.examples;
        while (!rest.empty()) {
            auto end = std::min(rest.find('\n'), rest.size());
            out += fmt::format("  {}\n", rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    bool positional = std::ranges::any_of(verb.arguments, [](auto& a) { return !a.is_flag(); });
    if (positional) out += "\nArguments\n";
    add_arguments(out, verb.arguments, false, width);
    bool flags = std::ranges::any_of(verb.arguments, [](auto& a) { return a.is_flag(); });
    if (flags) out += "\nOptions\n";
    add_arguments(out, verb.arguments, true, width);
    if (verb.needs == Verb::Needs::server) {
        out += "\nServer\n";
        add_arguments(out, server_arguments(), true, width);
    }
    if (!more.empty())
        out += "\nConfiguration (flag, environment variable, key of the TOML file)\n";
    add_arguments(out, more, true, width);
    if (!more.empty()) {
        out +=
            "\nFrom the environment only\n"
            "  POSTRIDER_KEY              the key itself, instead of the key file\n"
            "  POSTRIDER_BOOTSTRAP_TOKEN  the first API key, at least 32 characters\n"
            "  POSTRIDER_ADMIN_PASSWORD   the password of admin, while they have none\n";
    }
    return out;
}

std::string nearest(const std::vector<Verb>& verbs, std::string_view group,
                    std::string_view typed) {
    std::vector<std::string_view> words;
    for (const auto& verb : verbs) {
        if (verb.summary.empty()) continue;
        if (!group.empty() && verb.group != group) continue;
        words.push_back(group.empty() && !verb.group.empty() ? verb.group : verb.name);
    }
    return std::string(postrider::nearest(words, typed));
}

}  // namespace postrider::cli
