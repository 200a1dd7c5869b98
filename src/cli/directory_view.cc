#include "cli/directory_view.h"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

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

int remove_named(Context& context, const Given& given, const Kind& kind, std::string_view argument,
                 std::string_view consequence) {
    const auto typed = *given.text(argument);
    const auto path = find_path(context, kind, typed);
    if (!path) return path.error();
    const auto what = fmt::format("{} \"{}\"", kind.word, typed);
    if (const auto no = context.confirm(given, what, consequence)) return *no;
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
