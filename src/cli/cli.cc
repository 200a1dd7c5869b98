#include "cli/cli.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>

#include "cli/complete.h"
#include "cli/context.h"
#include "cli/health_verb.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "cli/parse.h"
#include "cli/probe_verb.h"
#include "cli/program.h"
#include "cli/watch.h"
#include "cli/words.h"

namespace postrider::cli {
namespace {

/// Where the packages keep the store (packaging/postrider.service).
constexpr const char* packaged_data = "/var/lib/postrider";

const char* system_environment(const char* name) { return std::getenv(name); }

/// Of standard output; as terminals were once, when it does not say.
winsize terminal_size() {
    winsize size{};
    const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    if (!is_known || size.ws_col == 0) size.ws_col = 80;
    if (!is_known || size.ws_row == 0) size.ws_row = 24;
    return size;
}

/// Turns the terminal's echo off as long as it lives.
class Silence {
 public:
    explicit Silence(Terminal::Echo echo) {
        if (echo == Terminal::Echo::on || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        is_on_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
    }
    ~Silence() {
        if (!is_on_) return;
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        std::cerr << '\n';
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

 private:
    termios before_{};
    bool is_on_ = false;
};

std::optional<std::string> ask_terminal(std::string_view prompt, Terminal::Echo echo) {
    std::cout.flush();
    std::cerr << prompt << std::flush;
    Silence silence(echo);
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
}

Terminal system_terminal() {
    Terminal terminal{std::cin, std::cout, std::cerr};
    terminal.is_terminal = ::isatty(STDOUT_FILENO) == 1;
    if (::isatty(STDIN_FILENO) == 1) terminal.prompt = ask_terminal;
    const char* no_color = std::getenv("NO_COLOR");
    const char* kind = std::getenv("TERM");
    bool dumb = kind != nullptr && std::string_view(kind) == "dumb";
    // Source: no-color.org: any value that is not empty.
    bool unwanted = no_color != nullptr && *no_color != '\0';
    if (terminal.is_terminal) {
        const auto size = terminal_size();
        terminal.width = size.ws_col;
        terminal.height = size.ws_row;
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
    if (verb.group.empty() && verb.name == "config" && parsed.given.has("--example")) {
        context.terminal().out << config::example_toml(packaged_data);
        return exit_ok;
    }
    config::Origins origins;
    auto config = config::load(parsed.configuration, context.environment(), origins);
    if (!config) {
        std::string_view rest = config.error().message;
        for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
            context.complain(rest.substr(0, end));
            rest.remove_prefix(end + 1);
        }
        return context.wrong(rest);
    }
    if (verb.group.empty() && verb.name == "serve") {
        return program.serve(*config, {.origins = origins, .read_again = [&](config::Origins& now) {
                                           return config::load(parsed.configuration,
                                                               context.environment(), now);
                                       }});
    }
    if (verb.group.empty() && verb.name == "config") {
        context.terminal().out << config::to_toml(*config, origins);
        return exit_ok;
    }
    for (const auto& maintenance : program.maintenance) {
        if (maintenance.group == verb.group && maintenance.name == verb.name) {
            return maintenance.run(*config, parsed.given);
        }
    }
    return exit_failed;
}

bool asks_help(std::string_view word) { return word == "--help" || word == "-h" || word == "help"; }

std::size_t width_of(Context& context) { return help_width(context.terminal().width); }

int run_verb(Context& context, const Program& program, const std::vector<Verb>& verbs,
             const Verb& verb, const std::vector<std::string>& words) {
    auto parsed = parse_arguments(verb, words);
    if (!parsed) return context.wrong(parsed.error().message);
    if (parsed->help) {
        std::deque<std::string> texts;
        bool config = verb.needs == Verb::Needs::config;
        context.terminal().out << verb_help(
            verb, config ? config_arguments(texts) : std::vector<Argument>{}, width_of(context));
        return exit_ok;
    }
    if (verb.group.empty() && verb.name == "completion") {
        context.terminal().out << completion_script(verbs, *parsed->given.text("SHELL"));
        return exit_ok;
    }
    if (verb.needs == Verb::Needs::config) return run_with_config(context, program, verb, *parsed);
    context.begin(verb, parsed->given);
    if (verb.needs == Verb::Needs::server) {
        if (auto connected = context.connect(parsed->given); !connected) {
            return context.wrong(connected.error().message);
        }
    }
    const bool goes_on = verb.is_live && context.terminal().is_terminal &&
                         !context.connection().json() && !parsed->given.has("--once");
    if (goes_on || parsed->given.has("--watch")) return watch(context, verb, parsed->given);
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
    verbs.push_back({.group = "",
                     .name = "config",
                     .summary = "print the configuration in force, and where each value came from",
                     .arguments = {{"--example", "", "a file to begin with, every option in it"}},
                     .examples = "postrider config --config /etc/postrider/postrider.toml\n"
                                 "postrider config --example > postrider.toml",
                     .needs = Verb::Needs::config,
                     .run = nullptr});
    for (auto part : {health_verbs, publish_verbs, sign_verbs, probe_verbs, tool_verbs}) {
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
    for (auto part :
         {webhook_verbs, event_verbs, delivery_verbs, realm_verbs, user_verbs, role_verbs,
          client_verbs, access_verbs, import_verbs, export_verbs, login_verbs}) {
        for (auto& verb : part()) verbs.push_back(std::move(verb));
    }
    return verbs;
}

int run_words(Context& context, const Program& program, std::vector<std::string> typed) {
    const auto verbs = all_verbs(program);
    if (typed.empty()) {
        context.terminal().error << program_help(verbs, width_of(context));
        return exit_wrong_usage;
    }
    // What the scripts of `completion` run; not in the help.
    if (typed[0] == "__complete") {
        return complete(context, verbs, {typed.begin() + 1, typed.end()});
    }
    // What the manual pages are made of; not in the help.
    if (typed[0] == "__manual") {
        const bool is_of_file = typed.size() > 1 && typed[1] == "postrider.toml";
        context.terminal().out << (is_of_file ? configuration_page() : manual_page(verbs));
        return exit_ok;
    }
    if (typed[0] == "--version") {
        context.say("postrider " + program.version);
        return exit_ok;
    }
    // `postrider help webhook create` is `postrider webhook create --help`.
    if (asks_help(typed[0])) {
        typed.erase(typed.begin());
        if (typed.empty()) {
            context.terminal().out << program_help(verbs, width_of(context));
            return exit_ok;
        }
        typed.emplace_back("--help");
    }
    const auto words = find_verb(verbs, typed);
    if (words.verb != nullptr) return run_verb(context, program, verbs, *words.verb, words.rest);
    bool wants_help =
        asks_help(words.name) || std::ranges::any_of(words.rest, [](const std::string& word) {
            return word == "--help" || word == "-h";
        });
    if (words.group.empty() && words.name.empty() && !words.rest.empty() && !wants_help) {
        return context.wrong(fmt::format("{} needs a verb; see postrider --help", words.rest[0]));
    }
    if (words.group.empty()) return context.wrong(unknown_verb(verbs, words));
    if (!words.name.empty() && !asks_help(words.name)) {
        return context.wrong(unknown_verb(verbs, words));
    }
    auto& out = wants_help ? context.terminal().out : context.terminal().error;
    out << group_help(verbs, words.group, width_of(context));
    return wants_help ? exit_ok : exit_wrong_usage;
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
