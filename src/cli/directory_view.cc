#include "cli/directory_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/limits.h"

namespace postrider::cli {
namespace {

/// "users" of "user", "deliveries" of "delivery".
std::string plural(std::size_t count, std::string_view word) {
    if (count == 1) return std::string(word);
    if (word.ends_with('y')) return std::string(word.substr(0, word.size() - 1)) + "ies";
    return std::string(word) + "s";
}

}  // namespace

int show_resource(Context& context, const Answer& answer, const std::vector<Line>& lines) {
    if (context.show_raw(answer)) return exit_ok;
    Card card;
    for (const Line& line : lines) {
        const json::Value* member = answer.value.find(line.member);
        if (member == nullptr) continue;
        const bool is_object = member->as_object() != nullptr;
        card.add(
            std::string(line.label),
            printable(is_object ? json::serialize(*member) : text_of(answer.value, line.member)));
    }
    if (answer.value.find("created_at") != nullptr) {
        card.add("Created", context.when(answer.value, "created_at"));
        card.add("Changed", context.when(answer.value, "updated_at"));
    }
    context.show(card);
    return exit_ok;
}

int show_asked(Context& context, const Asked& asked, const std::vector<Line>& lines) {
    return asked ? show_resource(context, *asked, lines) : asked.error();
}

std::optional<std::string> count_of(Context& context, const std::string& path,
                                    std::string_view word) {
    constexpr std::size_t pages_max = 25;  // 5,000 of a kind, then "more than"
    std::size_t count = 0;
    std::optional<std::string> cursor;
    for (std::size_t page = 0; page < pages_max; ++page) {
        const auto first = path.find('?') == std::string::npos ? "?" : "&";
        const auto next_page = cursor ? "&cursor=" + percent_encoded(*cursor) : "";
        auto response = context.send(
            "GET", fmt::format("{}{}limit={}{}", path, first, limits::page_size_max, next_page));
        if (!response || response->status != 200) return std::nullopt;
        auto value = json::parse(response->body, limits::json_depth_max + 8);
        if (!value) return std::nullopt;
        const auto* items = value->find("items");
        if (items != nullptr && items->as_array() != nullptr) count += items->as_array()->size();
        auto next = text_of(*value, "next_cursor");
        if (next.empty()) return fmt::format("{} {}", count, plural(count, word));
        cursor = next;
    }
    return fmt::format("more than {} {}", count, plural(count, word));
}

std::string contents_of(Context& context, const std::string& path,
                        std::initializer_list<Content> contents) {
    std::vector<std::string> counts;
    for (const auto& [folder, word] : contents) {
        if (auto count = count_of(context, path + std::string(folder), word)) {
            counts.push_back(*count);
        }
    }
    std::string text;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        text += i == 0 ? "" : i + 1 == counts.size() ? " and " : ", ";
        text += counts[i];
    }
    return text;
}

std::string goes_with_it(const std::string& contents) {
    return contents.empty() ? "" : fmt::format("With it go {}. ", contents);
}

int remove_named(Context& context, const Given& given, const Kind& kind, std::string_view argument,
                 std::string_view consequence, std::initializer_list<Content> contents) {
    const auto typed = *given.text(argument);
    const auto path = find_path(context, kind, typed);
    if (!path) return path.error();
    const auto what = fmt::format("{} \"{}\"", kind.word, typed);
    // Nobody waits for a count that nobody reads.
    const bool asks = context.terminal().prompt && !given.has("--yes");
    const auto counted = asks ? goes_with_it(contents_of(context, *path, contents)) : "";
    if (const auto no = context.confirm(given, what, counted + std::string(consequence))) {
        return *no;
    }
    return say_done(context, context.ask("DELETE", *path), "deleted " + typed);
}

int say_done(Context& context, const Asked& asked, std::string_view sentence) {
    if (!asked) return asked.error();
    if (!context.connection().json()) context.say(sentence);
    return exit_ok;
}

void add_texts(json::Object& members, const Given& given,
               const std::vector<std::string_view>& flags) {
    for (const std::string_view flag : flags) {
        const auto text = given.text(flag);
        if (!text) continue;
        std::string name(flag.substr(2));
        std::ranges::replace(name, '-', '_');
        members.emplace_back(std::move(name), *text);
    }
}

void add_enabled(json::Object& members, const Given& given) {
    if (given.has("--enable")) members.emplace_back("enabled", true);
    if (given.has("--disable")) members.emplace_back("enabled", false);
}

}  // namespace postrider::cli
