#include "cli/problem_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "cli/context.h"

namespace postrider::cli {
namespace {

/// What to do next, by the problem's slug, where it is not in the server's own sentence.
struct Hint {
    std::string_view slug, text;
};
constexpr Hint hints[] = {
    {"unknown-event-type",
     "`postrider event types` lists the event types, `postrider event-type create NAME` registers "
     "one"},
    {"permission-denied",
     "`postrider whoami` shows what the API key may do, `--token` takes another one"},
    {"tls-required", "`postrider serve --help` says how to get TLS"},
};

/// Members that a flag or an argument of another name sets.
struct Setter {
    std::string_view member, argument;
};
constexpr Setter setters[] = {{"url", "--to"},
                              {"value", "URI"},
                              {"events", "--event"},
                              {"headers", "--header"},
                              {"event", "EVENT"},
                              {"expires_at", "--expires"},
                              {"q", "TEXT"},
                              {"permissions", "--permission"},
                              {"permissions", "PERMISSION"}};

bool takes(const Verb& verb, std::string_view name) {
    return std::ranges::any_of(verb.arguments,
                               [&](const Argument& argument) { return argument.name == name; });
}

/// The flag or argument of the verb that sets a member; the member itself when none does.
std::string argument_of(std::string_view member, const Verb* verb) {
    std::string name(member);
    if (verb == nullptr) return name;
    auto flag = "--" + name;
    std::ranges::replace(flag, '_', '-');
    auto word = name;
    std::ranges::transform(word, word.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    for (const auto& argument : {word, flag}) {
        if (takes(*verb, argument)) return argument;
    }
    for (const auto& setter : setters) {
        if (setter.member == member && takes(*verb, setter.argument)) {
            return std::string(setter.argument);
        }
    }
    return takes(*verb, "--set") ? "--set " + name : name;
}

std::string slug_of(const json::Value& problem) {
    auto type = text_of(problem, "type");
    return type.substr(std::min(type.size(), type.rfind('/') + 1));
}

}  // namespace

std::string spoken_place(std::string_view pointer, const Verb* verb) {
    if (pointer.starts_with("#/")) pointer.remove_prefix(2);
    std::string out;
    while (!pointer.empty()) {
        auto end = std::min(pointer.find('/'), pointer.size());
        auto word = pointer.substr(0, end);
        pointer.remove_prefix(std::min(end + 1, pointer.size()));
        std::size_t number = 0;
        auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        bool is_number = error == std::errc{} && rest == word.data() + word.size();
        bool is_first = out.empty();
        out += is_first ? "" : ", ";
        out += is_number  ? fmt::format("number {}", number + 1)
               : is_first ? argument_of(word, verb)
                          : std::string(word);
    }
    return out;
}

std::vector<std::string> problem_lines(int status, std::string_view body, const Verb* verb) {
    auto parsed = json::parse(body);
    std::string detail = parsed ? text_of(*parsed, "detail") : "";
    if (detail.empty() && parsed) detail = text_of(*parsed, "title");
    if (detail.empty()) return {fmt::format("the server answered {} without a reason", status)};
    std::string id = text_of(*parsed, "request_id");
    std::vector<std::string> lines;
    const auto* errors = parsed->find("errors");
    const auto* list = errors == nullptr ? nullptr : errors->as_array();
    if (list != nullptr) {
        for (const auto& error : *list) {
            auto pointer = text_of(error, "pointer");
            auto name = pointer.starts_with("#/") ? spoken_place(pointer, verb)
                                                  : text_of(error, "parameter");
            // Query parameters are flags of lists.
            if (pointer.empty() && !name.empty()) name = argument_of(name, verb);
            if (name.empty()) name = text_of(error, "header");
            auto what = text_of(error, "detail");
            lines.push_back(name.empty() ? what : name + ": " + what);
        }
    }
    if (lines.empty()) lines.push_back(detail);
    // Who runs the server finds the line of its log by it.
    if (status >= 500 && !id.empty()) lines.back() += fmt::format(" (request {})", id);
    for (const auto& hint : hints) {
        if (hint.slug == slug_of(*parsed)) lines.emplace_back(hint.text);
    }
    return lines;
}

}  // namespace postrider::cli
