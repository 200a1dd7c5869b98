#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/complete.h"
#include "cli/help.h"
#include "config/config.h"

namespace postrider::cli {
namespace {

std::vector<std::string> flags_of(const Verb& verb) {
    std::vector<std::string> flags = {"--help"};
    auto add = [&](const std::vector<Argument>& arguments) {
        for (const auto& argument : arguments) {
            if (argument.is_flag()) flags.emplace_back(argument.name);
        }
    };
    add(verb.arguments);
    if (verb.needs == Verb::Needs::server) add(server_arguments());
    if (verb.needs == Verb::Needs::config) {
        flags.emplace_back("--config");
        for (const auto& option : config::options())
            flags.push_back("--" + std::string(option.name));
    }
    return flags;
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

/// What may follow each first word: the verbs of a group.
std::map<std::string, std::vector<std::string>> second_words(const std::vector<Verb>& verbs) {
    std::map<std::string, std::vector<std::string>> words;
    for (const auto& verb : verbs) {
        if (verb.summary.empty()) continue;
        auto& second = words[std::string(verb.group.empty() ? verb.name : verb.group)];
        if (!verb.group.empty()) second.emplace_back(verb.name);
    }
    return words;
}

/// "flag) values ;;" for flags that have choices, of one verb.
std::string choices_of(const Verb& verb, std::string_view indent) {
    std::string cases;
    for (const auto& argument : verb.arguments) {
        if (!argument.is_flag() || argument.choices.empty()) continue;
        cases += fmt::format("{}\"{}:{}\") words=\"{}\" ;;\n", indent, verb.words(), argument.name,
                             argument.choices);
    }
    return cases;
}

std::string bash_script(const std::vector<Verb>& verbs) {
    auto words = second_words(verbs);
    std::vector<std::string> first;
    first.reserve(words.size());
    for (const auto& [word, rest] : words) first.push_back(word);
    std::string seconds, flags, choices, positional;
    for (const auto& [word, rest] : words) {
        if (!rest.empty())
            seconds += fmt::format("            {}) words=\"{}\" ;;\n", word, joined(rest));
    }
    for (const auto& verb : verbs) {
        if (verb.summary.empty()) continue;
        flags +=
            fmt::format("        \"{}\") words=\"{}\" ;;\n", verb.words(), joined(flags_of(verb)));
        choices += choices_of(verb, "        ");
        for (const auto& argument : verb.arguments) {
            if (argument.is_flag() || argument.choices.empty()) continue;
            positional += fmt::format("            \"{}\") words=\"{}\" ;;\n", verb.words(),
                                      argument.choices);
        }
    }
    return fmt::format(
        "# Completion of postrider for bash:  source <(postrider completion bash)\n"
        "_postrider() {{\n"
        "    local current=\"${{COMP_WORDS[COMP_CWORD]}}\" "
        "previous=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
        "    local words=\"\" verb=\"${{COMP_WORDS[1]}}\"\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "        words=\"{} --help --version\"\n"
        "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "        return\n"
        "    fi\n"
        "    if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
        "        case \"$verb\" in\n{}        esac\n"
        "        if [ -n \"$words\" ]; then\n"
        "            COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "            return\n"
        "        fi\n"
        "    fi\n"
        "    case \"$verb\" in {}) verb=\"$verb ${{COMP_WORDS[2]}}\" ;; esac\n"
        "    case \"$verb:$previous\" in\n{}    esac\n"
        "    if [ -n \"$words\" ]; then\n"
        "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "        return\n"
        "    fi\n"
        "    if [ \"${{current:0:1}}\" != \"-\" ]; then\n"
        "        case \"$verb\" in\n{}        esac\n"
        "        if [ -n \"$words\" ]; then\n"
        "            COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "            return\n"
        "        fi\n"
        "        local name\n"
        "        while IFS= read -r name; do COMPREPLY+=(\"$name\"); done < <(\n"
        "            \"${{COMP_WORDS[0]}}\" __complete \"${{COMP_WORDS[@]:1:COMP_CWORD}}\" "
        "2> /dev/null)\n"
        "        [ \"${{#COMPREPLY[@]}}\" -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
        "        return\n"
        "    fi\n"
        "    case \"$verb\" in\n{}    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "}}\n"
        "complete -o filenames -F _postrider postrider\n",
        joined(first), seconds,
        [&] {
            std::vector<std::string> grouped;
            for (const auto& [word, rest] : words) {
                if (!rest.empty()) grouped.push_back(word);
            }
            return fmt::format("{}", fmt::join(grouped, "|"));
        }(),
        choices, positional, flags);
}

/// zsh's quoting within single quotes, and of the colon that ends a word of _describe.
std::string zsh_text(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else if (c == ':') {
            out += "\\:";
        } else {
            out += c;
        }
    }
    return out;
}

/// fish's quoting within single quotes.
std::string fish_text(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string fish_script(const std::vector<Verb>& verbs) {
    std::string out =
        "# Completion of postrider for fish:  postrider completion fish | source\n"
        "complete -c postrider -n __fish_use_subcommand -l help -d 'explain the verbs'\n"
        "complete -c postrider -n __fish_use_subcommand -l version -d 'say which version it is'\n"
        "function __postrider_names\n"
        "    set -l words (commandline -opc) (commandline -ct)\n"
        "    postrider __complete $words[2..-1] 2> /dev/null\n"
        "end\n";
    for (const auto& [word, rest] : second_words(verbs)) {
        std::string summary = fmt::format("{}", fmt::join(rest, ", "));
        for (const auto& verb : verbs) {
            if (verb.group.empty() && verb.name == word) summary = verb.summary;
        }
        out += fmt::format("complete -c postrider -f -n __fish_use_subcommand -a {} -d '{}'\n",
                           word, fish_text(summary));
    }
    for (const auto& verb : verbs) {
        if (verb.summary.empty()) continue;
        std::string seen = fmt::format("__fish_seen_subcommand_from {}", verb.name);
        if (!verb.group.empty()) {
            seen =
                fmt::format("__fish_seen_subcommand_from {0}; and __fish_seen_subcommand_from {1}",
                            verb.group, verb.name);
            std::string not_yet;
            for (const auto& other : verbs) {
                if (other.group == verb.group) not_yet += " " + std::string(other.name);
            }
            out += fmt::format(
                "complete -c postrider -f -n '__fish_seen_subcommand_from {}; and not "
                "__fish_seen_subcommand_from{}' -a {} -d '{}'\n",
                verb.group, not_yet, verb.name, fish_text(verb.summary));
        }
        for (const auto& argument : verb.arguments) {
            if (!argument.is_flag() && !argument.choices.empty()) {
                out += fmt::format("complete -c postrider -f -n '{}' -a '{}'\n", seen,
                                   argument.choices);
            }
            if (!argument.is_flag() && has_names(verb, argument)) {
                out += fmt::format("complete -c postrider -f -n '{}' -a '(__postrider_names)'\n",
                                   seen);
            }
        }
        for (const auto& flag : flags_of(verb)) {
            std::string_view choices;
            bool takes_value = flag != "--help";
            for (const auto* arguments : {&verb.arguments, &server_arguments()}) {
                for (const auto& argument : *arguments) {
                    if (argument.name != flag) continue;
                    choices = argument.choices;
                    if (argument.is_switch()) takes_value = false;
                    if (has_names(verb, argument)) choices = "(__postrider_names)";
                }
            }
            out += fmt::format("complete -c postrider -n '{}' -l {}{}", seen, flag.substr(2),
                               takes_value ? " -r" : "");
            if (!choices.empty()) out += fmt::format(" -f -a '{}'", choices);
            out += '\n';
        }
    }
    return out;
}

std::string zsh_script(const std::vector<Verb>& verbs) {
    auto words = second_words(verbs);
    std::string first, seconds, flags, choices, positional;
    std::vector<std::string> grouped;
    for (const auto& [word, rest] : words) {
        std::string summary;
        for (const auto& verb : verbs) {
            if (verb.group.empty() && verb.name == word) summary = verb.summary;
        }
        if (summary.empty()) summary = fmt::format("{}", fmt::join(rest, ", "));
        first += fmt::format("    '{}:{}'\n", word, zsh_text(summary));
        if (rest.empty()) continue;
        grouped.push_back(word);
        seconds += fmt::format("      {}) list=(\n", word);
        for (const auto& verb : verbs) {
            if (verb.group != word || verb.summary.empty()) continue;
            seconds += fmt::format("        '{}:{}'\n", verb.name, zsh_text(verb.summary));
        }
        seconds += "      ) ;;\n";
    }
    for (const auto& verb : verbs) {
        if (verb.summary.empty()) continue;
        flags += fmt::format("    \"{}\") words_=({}) ;;\n", verb.words(), joined(flags_of(verb)));
        for (const auto& argument : verb.arguments) {
            if (argument.choices.empty()) continue;
            auto& to = argument.is_flag() ? choices : positional;
            auto key =
                argument.is_flag() ? verb.words() + ":" + std::string(argument.name) : verb.words();
            to += fmt::format("    \"{}\") words_=({}) ;;\n", key, argument.choices);
        }
    }
    return fmt::format(
        "#compdef postrider\n"
        "# Completion of postrider for zsh:  source <(postrider completion zsh)\n"
        "_postrider() {{\n"
        "  local -a list words_\n"
        "  local verb=\"${{words[2]}}\"\n"
        "  if (( CURRENT == 2 )); then\n"
        "    list=(\n{}    )\n"
        "    _describe verb list\n"
        "    return\n"
        "  fi\n"
        "  if (( CURRENT == 3 )); then\n"
        "    case \"$verb\" in\n{}    esac\n"
        "    if (( $#list )); then _describe verb list; return; fi\n"
        "  fi\n"
        "  case \"$verb\" in {}) verb=\"$verb ${{words[3]}}\" ;; esac\n"
        "  case \"$verb:${{words[CURRENT-1]}}\" in\n{}  esac\n"
        "  if (( $#words_ )); then compadd -a words_; return; fi\n"
        "  if [[ \"${{words[CURRENT]}}\" != -* ]]; then\n"
        "    case \"$verb\" in\n{}    esac\n"
        "    if (( $#words_ )); then compadd -a words_; return; fi\n"
        "    words_=(\"${{(@f)$(\"${{words[1]}}\" __complete \"${{(@)words[2,CURRENT]}}\" "
        "2> /dev/null)}}\")\n"
        "    words_=(${{words_:#}})\n"
        "    if (( $#words_ )); then compadd -a words_; else _files; fi\n"
        "    return\n"
        "  fi\n"
        "  case \"$verb\" in\n{}  esac\n"
        "  compadd -a words_\n"
        "}}\n"
        "if [ \"$funcstack[1]\" = \"_postrider\" ]; then _postrider \"$@\"; else compdef "
        "_postrider "
        "postrider; fi\n",
        first, seconds, fmt::join(grouped, "|"), choices, positional, flags);
}

}  // namespace

std::string completion_script(const std::vector<Verb>& verbs, std::string_view shell) {
    if (shell == "fish") return fish_script(verbs);
    return shell == "zsh" ? zsh_script(verbs) : bash_script(verbs);
}

}  // namespace postrider::cli
