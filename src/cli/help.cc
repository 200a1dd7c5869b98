#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/text.h"

namespace postrider::cli {
namespace {

constexpr std::size_t width_min = 40;
constexpr std::size_t width_of_columns_min = 60;  ///< below it the right one is under the left one
constexpr std::size_t width_max = 100;
constexpr std::size_t width_default = 80;  ///< where there is no terminal

/// Two columns; the right one is wrapped at words and indented below itself.
void add_row(std::string& out, std::string_view left, std::string_view right, std::size_t indent,
             std::size_t width) {
    if (width < width_of_columns_min) indent = 6;
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

/// A text, wrapped at words.
void add_text(std::string& out, std::string_view text, std::size_t width) {
    std::size_t used = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto columns = display_width(word);
        if (used > 0) out += used + 1 + columns > width ? '\n' : ' ';
        used = used > 0 && used + 1 + columns <= width ? used + 1 + columns : columns;
        out += word;
    }
    out += '\n';
}

/// A command, continued on further lines as a shell takes it: broken between words, not in quotes.
void add_command(std::string& out, std::string_view command, std::size_t width) {
    std::string line = "  ";
    bool is_quoted = false;
    std::string word;
    auto end_word = [&] {
        constexpr std::size_t continued = 2;  // " \\"
        const bool fits = display_width(line) + display_width(word) + 1 + continued <= width;
        if (!fits && line.find_first_not_of(' ') != std::string::npos) {
            out += line + " \\\n";
            line = "     ";
        }
        if (line.find_first_not_of(' ') != std::string::npos || line.size() > 2) line += ' ';
        line += word;
        word.clear();
    };
    for (const char c : command) {
        if (c == '\'' || c == '"') is_quoted = !is_quoted;
        if (c == ' ' && !is_quoted) {
            end_word();
        } else {
            word += c;
        }
    }
    end_word();
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

std::span<const std::pair<std::string_view, std::string_view>> exit_codes() {
    static constexpr std::pair<std::string_view, std::string_view> codes[] = {
        {"0", "done"},
        {"1",
         "failed: the server refused or cannot be reached, a test was not accepted, a question was "
         "answered with no"},
        {"2", "wrong flags, arguments or configuration"},
        {"3", "what was named does not exist"},
        {"4", "a signature does not verify"}};
    return codes;
}

std::string_view environment_text() {
    return "POSTRIDER_URL, POSTRIDER_TOKEN, POSTRIDER_REALM, POSTRIDER_DATA and POSTRIDER_CONTEXT "
           "stand for the flags of the verbs that talk to a server, POSTRIDER_… for each option "
           "of serve. NO_COLOR: no colours.";
}

std::string program_help(const std::vector<Verb>& verbs, std::size_t width) {
    std::string out;
    add_text(out,
             "Postrider, the webhook server: publish an event once, and every subscribed URL gets "
             "it, signed, until it is accepted.",
             width);
    out += "\n  postrider VERB [arguments]\n  postrider VERB --help explains each\n\nVerbs\n";
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
    out += "\nEnvironment\n";
    add_text(out, environment_text(), width);
    out += "\nExit codes\n";
    for (const auto& [code, meaning] : exit_codes()) add_row(out, code, meaning, 5, width);
    out += "\nTo begin\n";
    for (const std::string_view command :
         {"postrider serve --allow-network 127.0.0.0/8 &", "postrider listen &",
          "postrider webhook create http://127.0.0.1:3000/ --event '*'",
          "postrider publish user.created --data '{\"name\": \"Ada\"}'"}) {
        add_command(out, command, width);
    }
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
    std::string out;
    add_text(out, summary + ".", width);
    auto usage = "postrider " + verb.words();
    for (const auto& argument : verb.arguments) {
        if (argument.is_flag()) continue;
        bool required = argument.count == Argument::Count::required;
        usage += fmt::format(fmt::runtime(required ? " {}" : " [{}]"), argument.name);
    }
    out += '\n';
    add_command(out, usage + " [options]", width);
    if (!verb.examples.empty()) {
        out += "\nExamples\n";
        std::string_view rest = verb.examples;
        while (!rest.empty()) {
            auto end = std::min(rest.find('\n'), rest.size());
            add_command(out, rest.substr(0, end), width);
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
        add_text(out += "\n", "Configuration (flag, environment variable, key of the TOML file)",
                 width);
    add_arguments(out, more, true, width);
    if (!more.empty()) {
        out += "\nFrom the environment only\n";
        add_row(out, "POSTRIDER_KEY", "the key itself, instead of the key file", 30, width);
        add_row(out, "POSTRIDER_BOOTSTRAP_TOKEN", "the first API key, at least 32 characters", 30,
                width);
        add_row(out, "POSTRIDER_ADMIN_PASSWORD", "the password of admin, while they have none", 30,
                width);
        add_row(out, "POSTRIDER_EGRESS_PROXY_CREDENTIALS",
                "the egress proxy's user name, a colon and its password", 30, width);
    }
    return out;
}

}  // namespace postrider::cli
