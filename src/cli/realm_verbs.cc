#include "cli/context.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

int show_realm(Context& context, const Answer& answer) {
    if (context.connection().json) {
        context.show_json(answer.body);
        return exit_ok;
    }
    Card card;
    card.add("Id", text_of(answer.value, "id"));
    card.add("Name", text_of(answer.value, "name"));
    card.add("Display name", printable(text_of(answer.value, "display_name")));
    card.add("Created", context.when(answer.value, "created_at"));
    card.add("Changed", context.when(answer.value, "updated_at"));
    context.show(card);
    return exit_ok;
}

int create(Context& context, const Given& given) {
    json::Object body = {{"name", *given.text("NAME")}};
    if (auto text = given.text("--display-name")) body.emplace_back("display_name", *text);
    auto answer =
        context.ask("POST", "/api/v1/realms", json::serialize(json::Value(std::move(body))));
    return answer ? show_realm(context, *answer) : answer.error();
}

int list(Context& context, const Given& given) {
    return show_list(context, given, "/api/v1/realms", {},
                     {{"NAME", Fit::whole},
                      {"DISPLAY NAME", Fit::cut},
                      {"CREATED", Fit::whole},
                      {"ID", Fit::whole}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         return {{text_of(item, "name")},
                                 {text_of(item, "display_name")},
                                 {context.ago(item, "created_at"), Style::dim},
                                 {text_of(item, "id"), Style::dim}};
                     });
}

int show(Context& context, const Given& given) {
    auto name = given.text_or("NAME", context.connection().realm);
    auto answer = context.ask("GET", "/api/v1/realms/" + percent_encoded(name));
    return answer ? show_realm(context, *answer) : answer.error();
}

}  // namespace

std::vector<Verb> realm_verbs() {
    return {{.group = "realm",
             .name = "create",
             .summary = "make a realm: a tenant with its own webhooks and events",
             .arguments = {{"NAME", "", "a-z, 0-9 and -, fixed", Count::required},
                           {"--display-name", "TEXT", "for people"}},
             .examples = "postrider realm create acme --display-name 'Acme Inc.'",
             .run = create},
            {.group = "realm",
             .name = "list",
             .summary = "every realm that the token may see",
             .arguments = with_paging({}),
             .examples = "postrider realm list",
             .run = list},
            {.group = "realm",
             .name = "show",
             .summary = "one realm",
             .arguments = {{"NAME", "", "its name or id (default: the one of --realm)"}},
             .examples = "postrider realm show acme",
             .run = show}};
}

}  // namespace postrider::cli
