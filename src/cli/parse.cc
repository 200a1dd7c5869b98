#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <memory>

#include "cli/text.h"
#include "config/flags.h"

namespace postrider::cli {
namespace {

/// Where the library puts the values of one argument.
struct Slot {
    const Argument* argument;
    std::vector<std::string> texts;
    bool on = false;
};

void add(CLI::App& app, std::deque<Slot>& slots, const std::vector<Argument>& arguments) {
    for (const auto& argument : arguments) {
        auto& slot = slots.emplace_back(Slot{&argument, {}, false});
        std::string name(argument.name);
        if (!argument.letter.empty()) name = std::string(argument.letter) + "," + name;
        if (argument.is_switch()) {
            app.add_flag(name, slot.on);
            continue;
        }
        auto* option = app.add_option(name, slot.texts);
        option->allow_extra_args(false);
        // Every argument that stands by itself is one word.
        if (!argument.is_flag()) option->expected(1);
    }
}

/// The library's messages, in our words where people meet them.
std::string sentence_of(const CLI::ParseError& error, const std::string& verb) {
    std::string message = printable(error.what());
    for (const char* end : {"\\n", "\n"}) {
        if (auto at = message.find(end); at != std::string::npos) message.resize(at);
    }
    constexpr std::string_view unexpected = "The following argument was not expected: ";
    constexpr std::string_view unexpected_many = "The following arguments were not expected: ";
    for (auto prefix : {unexpected, unexpected_many}) {
        if (!message.starts_with(prefix)) continue;
        return fmt::format("{} does not take {}; see postrider {} --help", verb,
                           message.substr(prefix.size()), verb);
    }
    return fmt::format("{}; see postrider {} --help", message, verb);
}

Result<void> check(const Verb& verb, const std::deque<Slot>& slots) {
    for (const auto& slot : slots) {
        const auto& argument = *slot.argument;
        if (argument.count == Argument::Count::required && slot.texts.empty()) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{} needs {}: {}", verb.words(), argument.name, argument.help));
        }
        if (argument.choices.empty()) continue;
        for (const auto& text : slot.texts) {
            std::string choices = fmt::format(" {} ", argument.choices);
            if (!text.empty() && choices.find(" " + text + " ") != std::string::npos) continue;
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("{} \"{}\" must be one of: {}", argument.name, text, argument.choices));
        }
    }
    return {};
}

}  // namespace

Result<Parsed> parse_arguments(const Verb& verb, const std::vector<std::string>& words) {
    Parsed parsed;
    for (const auto& word : words) {
        if (word == "--") break;
        if (word == "--help" || word == "-h") parsed.help = true;
    }
    if (parsed.help) return parsed;
    CLI::App app;
    app.set_help_flag();
    std::deque<Slot> slots;
    std::unique_ptr<config::Flags> flags;
    try {
        add(app, slots, verb.arguments);
        if (verb.needs == Verb::Needs::server) add(app, slots, server_arguments());
        if (verb.needs == Verb::Needs::config) flags = std::make_unique<config::Flags>(app);
        // It takes them from the back.
        std::vector<std::string> reversed(words.rbegin(), words.rend());
        app.parse(reversed);
    } catch (const CLI::ParseError& error) {
        return fail(ErrorCode::invalid_argument, sentence_of(error, verb.words()));
    }
    POSTRIDER_TRY(check(verb, slots));
    for (auto& slot : slots) {
        if (slot.on) parsed.given.add(slot.argument->name, "");
        for (auto& text : slot.texts) parsed.given.add(slot.argument->name, std::move(text));
    }
    if (flags) parsed.configuration = flags->given();
    return parsed;
}

}  // namespace postrider::cli
