#include <fmt/format.h>

#include "cli/context.h"
#include "cli/directory_view.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

int show_realm(Context& context, const Answer& answer) {
    if (context.show_raw(answer)) return exit_ok;
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
                      {"ID", Fit::wide}},
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

std::string realm_path(Context& context, const Given& given) {
    return "/api/v1/realms/" + percent_encoded(given.text_or("NAME", context.connection().realm));
}

int edit(Context& context, const Given& given) {
    auto answer = context.ask("PATCH", realm_path(context, given),
                              body_of({{"display_name", *given.text("--display-name")}}));
    return answer ? show_realm(context, *answer) : answer.error();
}

/// Asks to type the realm's name. The exit code when it is to stay.
std::optional<ExitCode> confirm_realm(Context& context, const Given& given) {
    const auto typed = *given.text("NAME");
    if (given.has("--yes")) return std::nullopt;
    if (!context.terminal().prompt) {
        return context.wrong(fmt::format(
            "realm \"{}\" is not deleted: nobody can be asked here, so give --yes", typed));
    }
    const auto realm = context.ask("GET", realm_path(context, given));
    if (!realm) return realm.error();
    const auto name = text_of(realm->value, "name");
    const auto contents = contents_of(
        context, realm_path(context, given),
        {{"/webhooks", "webhook"}, {"/users", "user"}, {"/roles", "role"}, {"/clients", "client"}});
    context.say(fmt::format("Realm {} goes for good, with its events and deliveries{}{}.", name,
                            contents.empty() ? "" : ", and with ", contents));
    const auto answer =
        context.terminal().prompt("Type its name to delete it: ", Terminal::Echo::on);
    if (answer == name) return std::nullopt;
    context.complain("nothing was deleted");
    return exit_failed;
}

int remove(Context& context, const Given& given) {
    if (const auto no = confirm_realm(context, given)) return *no;
    return say_done(context, context.ask("DELETE", realm_path(context, given)),
                    "deleted " + *given.text("NAME"));
}

/// Values as they are typed: numbers and lists are JSON, anything else is a text.
int settings(Context& context, const Given& given) {
    const auto path = realm_path(context, given) + "/settings";
    json::Object members;
    for (const auto& typed : given.list("--set")) {
        const auto equals = typed.find('=');
        if (equals == std::string::npos) return context.wrong("--set takes NAME=VALUE");
        const auto text = typed.substr(equals + 1);
        auto value = json::parse(text);
        members.emplace_back(typed.substr(0, equals), value ? *value : json::Value(text));
    }
    auto answer = members.empty() ? context.ask("GET", path)
                                  : context.ask("PATCH", path, body_of(std::move(members)));
    return show_asked(context, answer,
                      {{"Retention days", "retention_days"},
                       {"Retry schedule", "retry_schedule"},
                       {"Timeout", "timeout"},
                       {"Password length", "password_min_length"},
                       {"Password reset webhook", "password_reset_webhook"},
                       {"Secret overlap", "secret_overlap"},
                       {"Allowed networks", "allowed_networks"}});
}

}  // namespace

std::vector<Verb> realm_verbs() {
    const Argument name{"NAME", "", "its name or id (default: the one of --realm)"};
    return {
        {.group = "realm",
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
         .run = show},
        {.group = "realm",
         .name = "edit",
         .summary = "change a realm",
         .arguments = {name, {"--display-name", "TEXT", "for people", Count::required}},
         .examples = "postrider realm edit acme --display-name 'Acme Ltd.'",
         .run = edit},
        {.group = "realm",
         .name = "settings",
         .summary = "show or change the settings of a realm",
         .arguments = {name, {"--set", "NAME=VALUE", "null for the default", Count::repeatable}},
         .examples = "postrider realm settings acme --set retention_days=90 --set timeout=10s",
         .run = settings},
        {.group = "realm",
         .name = "delete",
         .summary = "delete a realm and all that it holds",
         .arguments = with_yes({{"NAME", "", "its name or id", Count::required}}),
         .examples = "postrider realm delete acme",
         .run = remove}};
}

}  // namespace postrider::cli
