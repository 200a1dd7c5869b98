#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <memory>

#include "base/nearest.h"
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
        // Every argument that stands by itself is one word, unless there may be several of it.
        if (argument.is_flag()) continue;
        const bool is_list = argument.count == Argument::Count::repeatable;
        option->expected(is_list ? -1 : 1);
        option->allow_extra_args(is_list);
    }
}

/// The first flag among words that were not expected; "" when there is none.
std::string flag_in(std::string_view typed) {
    const auto begin = typed.starts_with('-') ? 0 : typed.find(" -");
    if (begin == std::string_view::npos) return {};
    auto flag = typed.substr(typed.find('-', begin));
    return std::string(flag.substr(0, flag.find_first_of("= ")));
}

/// "; do you mean --name?" after a flag that the verb does not take; "" when none is like it.
std::string flag_meant(const Verb& verb, std::string_view flag) {
    std::vector<std::string_view> flags;
    auto add_flags = [&](const std::vector<Argument>& arguments) {
        for (const auto& argument : arguments) {
            if (argument.is_flag()) flags.push_back(argument.name);
        }
    };
    add_flags(verb.arguments);
    if (verb.needs == Verb::Needs::server) add_flags(server_arguments());
    auto like = nearest(flags, flag);
    return like.empty() ? "" : fmt::format("; do you mean {}?", like);
}

/// "; it takes --limit, --all" of the verb's own flags; "" when there are none, or too many to
/// read.
std::string flags_of(const Verb& verb) {
    constexpr std::ptrdiff_t shown_max = 8;
    const auto count = std::ranges::count_if(verb.arguments, &Argument::is_flag);
    if (count == 0 || count > shown_max) return {};
    std::string flags;
    for (const auto& argument : verb.arguments) {
        if (!argument.is_flag()) continue;
        flags += flags.empty() ? "; it takes " : ", ";
        flags += argument.name;
    }
    return flags;
}

/// The library's messages, in our words where people meet them.
std::string sentence_of(const CLI::ParseError& error, const Verb& of) {
    const auto verb = of.words();
    std::string message = printable(error.what());
    for (const char* end : {"\\n", "\n"}) {
        if (auto at = message.find(end); at != std::string::npos) message.resize(at);
    }
    constexpr std::string_view unexpected = "The following argument was not expected: ";
    constexpr std::string_view unexpected_many = "The following arguments were not expected: ";
    for (auto prefix : {unexpected, unexpected_many}) {
        if (!message.starts_with(prefix)) continue;
        auto typed = message.substr(prefix.size());
        // The value of a flag that is not known is not known either.
        const auto flag = flag_in(typed);
        const auto meant = flag.empty() ? "" : flag_meant(of, flag);
        if (!meant.empty()) return fmt::format("{} does not take {}{}", verb, flag, meant);
        if (!flag.empty()) typed = flag;
        return fmt::format("{} does not take {}{}; see postrider {} --help", verb, typed,
                           flag.empty() ? "" : flags_of(of), verb);
    }
    constexpr std::string_view no_value = ": 1 required TEXT missing";
    if (message.ends_with(no_value)) {
        message.resize(message.size() - no_value.size());
        const auto flag = std::ranges::find(of.arguments, message, &Argument::name);
        return fmt::format(
            "{} needs a value{}; see postrider {} --help", message,
            flag == of.arguments.end() ? "" : fmt::format(", {}: {}", flag->value, flag->help),
            verb);
    }
    return fmt::format("{}; see postrider {} --help", message, verb);
}

std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t begin = 0; begin < text.size();) {
        auto end = std::min(text.find(' ', begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
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
            auto like = nearest(split_words(argument.choices), text);
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("{} \"{}\" must be one of: {}{}", argument.name, text, argument.choices,
                            like.empty() ? "" : fmt::format("; do you mean {}?", like)));
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
        return fail(ErrorCode::invalid_argument, sentence_of(error, verb));
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
