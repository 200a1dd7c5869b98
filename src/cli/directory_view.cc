#include "cli/directory_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/uuid.h"

namespace postrider::cli {

int show_resource(Context& context, const Answer& answer, const std::vector<Line>& lines) {
    if (context.connection().json) {
        context.show_json(answer.body);
        return exit_ok;
    }
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

std::expected<std::string, ExitCode> find_id(Context& context, const Kind& kind,
                                             const std::string& typed) {
    if (Uuid::parse(typed)) return typed;
    std::optional<std::string> cursor;
    while (true) {
        Query query;
        if (kind.is_filter) {
            query.add(kind.member, typed);
        } else {
            query.add("limit", "200");
        }
        query.add("cursor", cursor);
        const auto page = context.ask("GET", context.in_realm(kind.folder) + query.text());
        if (!page) return std::unexpected(page.error());
        const json::Value* items = page->value.find("items");
        if (items != nullptr && items->as_array() != nullptr) {
            for (const json::Value& item : *items->as_array()) {
                if (kind.is_filter || text_of(item, kind.member) == typed) {
                    return text_of(item, "id");
                }
            }
        }
        const auto next = text_of(page->value, "next_cursor");
        if (next.empty()) break;
        cursor = next;
    }
    context.complain(fmt::format("there is no {} \"{}\" in this realm", kind.word, typed));
    return std::unexpected(exit_not_found);
}

std::expected<std::string, ExitCode> find_path(Context& context, const Kind& kind,
                                               const std::string& typed, std::string_view rest) {
    const auto id = find_id(context, kind, typed);
    if (!id) return std::unexpected(id.error());
    return context.in_realm(fmt::format("{}/{}{}", kind.folder, *id, rest));
}

int remove_named(Context& context, const Kind& kind, const std::string& typed) {
    const auto path = find_path(context, kind, typed);
    if (!path) return path.error();
    return say_done(context, context.ask("DELETE", *path), "deleted " + typed);
}

int say_done(Context& context, const Asked& asked, std::string_view sentence) {
    if (!asked) return asked.error();
    if (!context.connection().json) context.say(sentence);
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
