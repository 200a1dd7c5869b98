#include "cli/search_verb.h"

#include <fmt/format.h>

#include "cli/context.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;

int run(Context& context, const Given& given) {
    Query query;
    query.add("q", given.text("TEXT")).add("kinds", given.text("--kinds"));
    query.add("limit", given.text("--limit"));
    auto answer = context.ask("GET", context.in_realm("/search") + query.text());
    if (!answer) return answer.error();
    if (context.connection().json() && context.show_raw(*answer)) return exit_ok;
    const auto* items = answer->value.find("items");
    if (items == nullptr || items->as_array() == nullptr) return exit_failed;
    Table table({{"KIND"}, {"NAME", Fit::cut}, {"DETAIL", Fit::cut}, {"ID", Fit::id}});
    for (const json::Value& item : *items->as_array()) {
        const std::string id = text_of(item, "id");
        if (context.connection().output == Output::name) {
            context.say(id.empty() ? text_of(item, "name") : id);
            continue;
        }
        table.add({{text_of(item, "kind"), Style::dim},
                   {text_of(item, "name")},
                   {text_of(item, "detail")},
                   {id, Style::dim}});
    }
    if (context.connection().output == Output::name) return exit_ok;
    if (table.empty()) {
        context.complain(fmt::format(
            "realm {} has no id, name, e-mail address or URL with \"{}\" that you may look at",
            context.connection().realm, *given.text("TEXT")));
        return exit_ok;
    }
    context.show(table);
    if (text_of(answer->value, "more") == "true") {
        context.complain("there are more: type more of it, or name --kinds");
    }
    return exit_ok;
}

}  // namespace

Verb search_verb() {
    return {.group = "",
            .name = "search",
            .summary = "what an id or a part of a name leads to",
            .arguments = {{"TEXT", "", "an id, its begin, or a part of a name, e-mail or URL",
                           Argument::Count::required},
                          {"--kinds", "KINDS", "only these: webhook,user,role,client,event_type …"},
                          {"--limit", "N", "at most so many, up to 50 (default: 12)"}},
            .examples =
                "postrider search billing\n"
                "postrider search ada@example.com --kinds user\n"
                "postrider search 019300a1-8d20",
            .run = run};
}

}  // namespace postrider::cli
