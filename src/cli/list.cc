#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "base/json_text.h"
#include "cli/context.h"
#include "model/limits.h"

namespace postrider::cli {

namespace {

/// One page's `items` as JSON texts, and the cursor of the next.
struct Page {
    std::vector<std::string> items;
    std::optional<std::string> next;
};

Result<Page> split_page(std::string_view body) {
    Page page;
    POSTRIDER_ASSIGN(auto members, json::split_object(body, limits::json_depth_max + 8));
    for (const auto& member : members) {
        if (member.name == "items") {
            POSTRIDER_ASSIGN(page.items,
                             json::split_array(member.value, limits::json_depth_max + 8));
        } else if (member.name == "next_cursor" && member.value != "null") {
            POSTRIDER_ASSIGN(page.next, json::decode_string(member.value));
        }
    }
    return page;
}

/// What is in the lists of the API, by the last word of their paths.
struct Noun {
    std::string_view folder;
    std::string_view plural;
};
constexpr std::array nouns{Noun{"webhooks", "webhooks"},     Noun{"events", "events"},
                           Noun{"deliveries", "deliveries"}, Noun{"users", "users"},
                           Noun{"roles", "roles"},           Noun{"clients", "clients"},
                           Noun{"api-keys", "API keys"},     Noun{"sessions", "sessions"},
                           Noun{"operations", "operations"}, Noun{"redirects", "redirect URIs"},
                           Noun{"audit", "changes"},         Noun{"realms", "realms"},
                           Noun{"consumers", "consumers"},   Noun{"held", "resources held"}};

/// "there are no webhooks in realm shop", or that none fits what was asked for.
std::string none_of(const Context& context, std::string_view path, const Query& filters) {
    if (path.ends_with("/statistics")) {
        return fmt::format("no webhook of realm {} was sent anything in this time",
                           context.connection().realm);
    }
    const auto folder = path.substr(path.rfind('/') + 1);
    const auto noun = std::ranges::find(nouns, folder, &Noun::folder);
    const auto plural = noun == nouns.end() ? "things" : noun->plural;
    // What is listed below a thing, such as the roles of a user, is the thing's.
    const bool is_of_realm = path == context.in_realm("/" + std::string(folder));
    return fmt::format("there are no {}{}{}", plural, filters.text().empty() ? "" : " of that kind",
                       is_of_realm ? " in realm " + context.connection().realm : "");
}

}  // namespace

int show_list(Context& context, const Given& given, const std::string& path, Query query,
              std::vector<Column> columns, const RowOf& row) {
    bool all = given.has("--all");
    bool names = context.connection().output == Output::name;
    const Query filters = query;
    query.add("limit", all && !given.has("--limit") ? std::to_string(limits::page_size_max)
                                                    : given.text("--limit"));
    auto cursor = given.text("--cursor");
    Table table(std::move(columns));
    std::string joined;
    for (;;) {
        auto answer = context.ask("GET", path + Query(query).add("cursor", cursor).text());
        if (!answer) return answer.error();
        auto page = split_page(answer->body);
        if (!page) {
            context.complain("the server answered what is no list");
            return exit_failed;
        }
        cursor = page->next;
        if (context.connection().json() && !all) {
            context.show_json(answer->body);
            return exit_ok;
        }
        for (const auto& item : page->items) {
            if (names) {
                auto value = json::parse(item, limits::json_depth_max + 8);
                if (value) context.show_raw({200, {}, std::move(*value)});
            } else if (context.connection().json()) {
                joined += (joined.empty() ? "" : ",") + item;
            } else if (auto value = json::parse(item, limits::json_depth_max + 8)) {
                table.add(row(*value, item));
            }
        }
        if (!all || !cursor) break;
    }
    if (context.connection().json()) {
        context.show_json("{\"items\":[" + joined + "],\"next_cursor\":null}");
        return exit_ok;
    }
    if (!names && table.empty()) {
        context.complain(none_of(context, path, filters));
        return exit_ok;
    }
    if (!names) context.show(table);
    if (cursor) {
        context.terminal().out.flush();
        context.terminal().error << "there are more: --all, or --cursor " << printable(*cursor)
                                 << '\n';
    }
    return exit_ok;
}

}  // namespace postrider::cli
