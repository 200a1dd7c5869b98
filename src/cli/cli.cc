#include "cli/cli.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>

#include "cli/context.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/program.h"

namespace postrider::cli {
namespace {

const char* system_environment(const char* name) { return std::getenv(name); }

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

Terminal system_terminal() {
    Terminal terminal{std::cin, std::cout, std::cerr};
    terminal.is_terminal = ::isatty(STDOUT_FILENO) == 1;
    const char* no_color = std::getenv("NO_COLOR");
    const char* kind = std::getenv("TERM");
    bool dumb = kind != nullptr && std::string_view(kind) == "dumb";
    // Source: no-color.org: any value that is not empty.
    bool unwanted = no_color != nullptr && *no_color != '\0';
    if (terminal.is_terminal) {
        terminal.width = terminal_width();
        terminal.colours = unwanted || dumb ? Colours::off : Colours::on;
    }
    return terminal;
}

std::vector<Argument> config_arguments(std::deque<std::string>& texts) {
    std::vector<Argument> arguments;
    arguments.push_back(
        {"--config", "FILE", "TOML file with these options as keys [POSTRIDER_CONFIG]"});
    for (const auto& option : config::options()) {
        const auto& name = texts.emplace_back("--" + std::string(option.name));
        const auto& help = texts.emplace_back(
            fmt::format("{} [{}]", option.help, config::environment_name(option.name)));
        arguments.push_back({name, option.value, help});
    }
    return arguments;
}

/// Runs a verb of the composition root: reads the configuration first.
int run_with_config(Context& context, const Program& program, const Verb& verb,
                    const Parsed& parsed) {
    auto config = config::load(parsed.configuration, context.environment());
    if (!config) return context.wrong(config.error().message);
    if (verb.group.empty() && verb.name == "serve") return program.serve(*config);
    for (const auto& maintenance : program.maintenance) {
        if (maintenance.group == verb.group && maintenance.name == verb.name) {
            return maintenance.run(*config, parsed.given);
        }
    }
    return exit_failed;
}

const Verb* find_verb(const std::vector<Verb>& verbs, std::string_view group,
                      std::string_view name) {
    for (const auto& verb : verbs) {
        if (verb.group == group && verb.name == name) return &verb;
    }
    return nullptr;
}

bool is_group(const std::vector<Verb>& verbs, std::string_view word) {
    return std::ranges::any_of(verbs, [&](const Verb& verb) { return verb.group == word; });
}

bool asks_help(std::string_view word) { return word == "--help" || word == "-h" || word == "help"; }

int unknown(Context& context, const std::vector<Verb>& verbs, std::string_view group,
            std::string_view typed) {
    auto like = nearest(verbs, group, typed);
    std::string of = group.empty() ? "" : fmt::format(" of {}", group);
    std::string see =
        group.empty() ? "postrider --help" : fmt::format("postrider {} --help", group);
    return context.wrong(
        fmt::format("\"{}\" is no verb{}; {}see {}", typed, of,
                    like.empty() ? "" : fmt::format("do you mean {}? Otherwise ", like), see));
}

int run_verb(Context& context, const Program& program, const std::vector<Verb>& verbs,
             const Verb& verb, const std::vector<std::string>& words) {
    auto parsed = parse_arguments(verb, words);
    if (!parsed) return context.wrong(parsed.error().message);
    if (parsed->help) {
        std::deque<std::string> texts;
        bool config = verb.needs == Verb::Needs::config;
        context.terminal().out << verb_help(
            verb, config ? config_arguments(texts) : std::vector<Argument>{});
        return exit_ok;
    }
    if (verb.group.empty() && verb.name == "completion") {
        context.terminal().out << completion_script(verbs, *parsed->given.text("SHELL"));
        return exit_ok;
    }
    if (verb.needs == Verb::Needs::config) return run_with_config(context, program, verb, *parsed);
    if (verb.needs == Verb::Needs::server) {
        if (auto connected = context.connect(parsed->given); !connected) {
            return context.wrong(connected.error().message);
        }
    }
    return verb.run(context, parsed->given);
}

}  // namespace

std::vector<Verb> all_verbs(const Program& program) {
    std::vector<Verb> verbs;
    verbs.push_back({.group = "",
                     .name = "serve",
                     .summary = "run the server",
                     .arguments = {},
                     .examples =
                         "postrider serve\n"
                         "postrider serve --data /var/lib/postrider --listen 127.0.0.1:9000 "
                         "--allow-network 10.0.0.0/8",
                     .needs = Verb::Needs::config,
                     .run = nullptr});
    for (auto part : {publish_verbs, tool_verbs}) {
        for (auto& verb : part()) verbs.push_back(std::move(verb));
    }
    for (const auto& verb : program.maintenance) {
        verbs.push_back({.group = verb.group,
                         .name = verb.name,
                         .summary = verb.summary,
                         .arguments = verb.arguments,
                         .examples = verb.examples,
                         .needs = Verb::Needs::config,
                         .run = nullptr});
    }
    for (auto part : {webhook_verbs, event_verbs, delivery_verbs, realm_verbs, user_verbs,
                      role_verbs, client_verbs, access_verbs, import_verbs, export_verbs}) {
        for (auto& verb : part()) verbs.push_back(std::move(verb));
    }
    return verbs;
}

int run_words(Context& context, const Program& program, std::vector<std::string> words) {
    const auto verbs = all_verbs(program);
    if (words.empty()) {
        context.terminal().error << program_help(verbs);
        return exit_wrong_usage;
    }
    if (words[0] == "--version") {
        context.say("postrider " + program.version);
        return exit_ok;
    }
    // `postrider help webhook create` is `postrider webhook create --help`.
    if (asks_help(words[0])) {
        words.erase(words.begin());
        if (words.empty()) {
            context.terminal().out << program_help(verbs);
            return exit_ok;
        }
        words.push_back("--help");
    }
    const std::string first = words[0];
    words.erase(words.begin());
    if (first.starts_with('-')) {
        return context.wrong(fmt::format("{} comes after a verb; see postrider --help", first));
    }
    if (const Verb* verb = find_verb(verbs, "", first)) {
        return run_verb(context, program, verbs, *verb, words);
    }
    if (!is_group(verbs, first)) return unknown(context, verbs, "", first);
    if (words.empty() || asks_help(words[0])) {
        auto& out = words.empty() ? context.terminal().error : context.terminal().out;
        out << group_help(verbs, first);
        return words.empty() ? exit_wrong_usage : exit_ok;
    }
    const std::string second = words[0];
    words.erase(words.begin());
    const Verb* verb = find_verb(verbs, first, second);
    if (verb == nullptr) return unknown(context, verbs, first, second);
    return run_verb(context, program, verbs, *verb, words);
}

int run(int argc, const char* const* argv, const Program& program) {
    SystemClock clock;
    SystemRandom random;
    Context context(system_terminal(), system_environment, clock, random);
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    int code = run_words(context, program, std::move(words));
    std::cout.flush();
    return code;
}

}  // namespace postrider::cli
