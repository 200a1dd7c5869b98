#include <fmt/format.h>

#include "cli/confirm.h"
#include "cli/directory_view.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

const std::vector<Line> user_lines{{"Id", "id"},
                                   {"Username", "username"},
                                   {"E-mail", "email"},
                                   {"Verified", "email_verified"},
                                   {"First name", "first_name"},
                                   {"Last name", "last_name"},
                                   {"Enabled", "enabled"},
                                   {"Attributes", "attributes"}};

const Argument user_argument{"USER", "", "its username or id", Count::required};
const std::vector<std::string_view> text_flags{"--email", "--first-name", "--last-name"};

std::vector<Argument> with_members(std::vector<Argument> arguments) {
    const Argument members[] = {
        {"--email", "ADDRESS", "unique in the realm"},
        {"--first-name", "TEXT", "for people"},
        {"--last-name", "TEXT", "for people"},
        {"--attributes", "JSON", "an object; @file and - (standard input) are read"},
        {"--enable", "", "may log in"},
        {"--disable", "", "may not log in"}};
    arguments.insert(arguments.end(), std::begin(members), std::end(members));
    return arguments;
}

std::expected<json::Object, ExitCode> members_of(Context& context, const Given& given) {
    json::Object members;
    add_texts(members, given, text_flags);
    add_enabled(members, given);
    if (const auto typed = given.text("--attributes")) {
        const auto text = read_argument(context, *typed);
        if (!text) return std::unexpected(context.wrong(text.error().message));
        auto attributes = json::parse(*text);
        if (!attributes) {
            return std::unexpected(context.wrong("--attributes: " + attributes.error().message));
        }
        members.emplace_back("attributes", std::move(*attributes));
    }
    return members;
}

int create(Context& context, const Given& given) {
    auto members = members_of(context, given);
    if (!members) return members.error();
    members->emplace_back("username", *given.text("USERNAME"));
    return show_asked(context,
                      context.ask("POST", context.in_realm("/users"), body_of(std::move(*members))),
                      user_lines);
}

int list(Context& context, const Given& given) {
    Query query;
    query.add("username", given.text("--username")).add("email", given.text("--email"));
    return show_list(context, given, context.in_realm("/users"), query,
                     {{"ID", Fit::id},
                      {"USERNAME", Fit::cut},
                      {"E-MAIL", Fit::cut},
                      {"ENABLED", Fit::whole},
                      {"CHANGED", Fit::whole}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         return {{text_of(item, "id")},
                                 {text_of(item, "username")},
                                 {text_of(item, "email")},
                                 {text_of(item, "enabled")},
                                 {context.ago(item, "updated_at"), Style::dim}};
                     });
}

int show(Context& context, const Given& given) {
    const auto path = find_path(context, user_kind, *given.text("USER"));
    if (!path) return path.error();
    return show_asked(context, context.ask("GET", *path), user_lines);
}

int edit(Context& context, const Given& given) {
    auto members = members_of(context, given);
    if (!members) return members.error();
    if (const auto name = given.text("--username")) members->emplace_back("username", *name);
    if (members->empty()) return context.wrong("user edit takes at least one thing to change");
    const auto path = find_path(context, user_kind, *given.text("USER"));
    if (!path) return path.error();
    return show_asked(context, context.ask("PATCH", *path, body_of(std::move(*members))),
                      user_lines);
}

const Argument revoke_argument{"--revoke-api-keys", "",
                               "also revoke the API keys that the user made"};

/// Says what was done, and which API keys are left behind by it.
int say_keys(Context& context, const Given& given, const Asked& asked, std::string_view sentence) {
    if (asked && context.connection().json() && asked->status == 200) {
        context.show_json(asked->body);
        return exit_ok;
    }
    const int code = say_done(context, asked, sentence);
    if (code != exit_ok || asked->status != 200) return code;
    const bool revoked = given.has("--revoke-api-keys");
    const std::string count = text_of(asked->value, "api_keys_total");
    context.say(revoked ? fmt::format("Revoked {} API keys that the user made:", count)
                        : fmt::format("{} API keys that the user made still work:", count));
    Table table({{"REALM", Fit::cut}, {"NAME", Fit::cut}, {"ID", Fit::id}});
    if (const json::Value* keys = asked->value.find("api_keys");
        keys != nullptr && keys->as_array() != nullptr) {
        for (const json::Value& key : *keys->as_array()) {
            table.add({{text_of(key, "realm")}, {text_of(key, "name")}, {text_of(key, "id")}});
        }
    }
    context.show(table);
    if (!revoked) {
        context.say("Revoke those that should not: postrider api-key revoke KEY --realm REALM");
    }
    return code;
}

int remove(Context& context, const Given& given) {
    const std::string user = *given.text("USER");
    const auto path = find_path(context, user_kind, user);
    if (!path) return path.error();
    std::string contents;
    if (context.terminal().prompt && !given.has("--yes")) {
        contents =
            contents_of(context, *path, {{"/roles", "role"}, {"/credentials", "credential"}});
    }
    const auto keys = given.has("--revoke-api-keys")
                          ? "The API keys that they made are revoked."
                          : "The API keys that they made go on: --revoke-api-keys ends them too.";
    if (const auto no = context.confirm(given, fmt::format("user \"{}\"", user),
                                        goes_with_it(contents) + "Their sessions end. " + keys)) {
        return *no;
    }
    const std::string query = given.has("--revoke-api-keys") ? "?api_keys=revoke" : "";
    return say_keys(context, given, context.ask("DELETE", *path + query), "deleted " + user);
}

int keys(Context& context, const Given& given) {
    const auto path = find_path(context, user_kind, *given.text("USER"), "/api-keys");
    if (!path) return path.error();
    return show_list(context, given, *path, {},
                     {{"ID", Fit::id},
                      {"REALM", Fit::cut},
                      {"NAME", Fit::cut},
                      {"PERMISSIONS", Fit::cut},
                      {"LAST USED", Fit::whole}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         return {{text_of(item, "id")},
                                 {text_of(item, "realm")},
                                 {text_of(item, "name")},
                                 {text_of(item, "permissions")},
                                 {context.ago(item, "last_used_at"), Style::dim}};
                     });
}

int roles(Context& context, const Given& given) {
    const auto path = find_path(context, user_kind, *given.text("USER"), "/roles");
    if (!path) return path.error();
    return show_list(
        context, given, *path, {}, {{"ID", Fit::id}, {"NAME", Fit::cut}, {"PERMISSIONS", Fit::cut}},
        [](const json::Value& item, std::string_view) -> std::vector<Cell> {
            return {{text_of(item, "id")}, {text_of(item, "name")}, {text_of(item, "permissions")}};
        });
}

std::expected<std::string, ExitCode> role_path(Context& context, const Given& given) {
    const auto role = find_id(context, role_kind, *given.text("ROLE"));
    if (!role) return std::unexpected(role.error());
    return find_path(context, user_kind, *given.text("USER"), "/roles/" + *role);
}

int assign(Context& context, const Given& given) {
    const auto path = role_path(context, given);
    if (!path) return path.error();
    return say_done(context, context.ask("POST", *path), "assigned " + *given.text("ROLE"));
}

int unassign(Context& context, const Given& given) {
    const auto path = role_path(context, given);
    if (!path) return path.error();
    // The role can be given again; keys cannot.
    if (given.has("--revoke-api-keys")) {
        const auto no =
            confirm(context, given,
                    {.verb = "Revoke",
                     .past = "revoked",
                     .what = fmt::format("the API keys of user \"{}\"", *given.text("USER")),
                     .consequence = "Programs that use them are refused from then on."});
        if (no) return *no;
    }
    const std::string query = given.has("--revoke-api-keys") ? "?api_keys=revoke" : "";
    return say_keys(context, given, context.ask("DELETE", *path + query),
                    "unassigned " + *given.text("ROLE"));
}

/// Asks for it twice, without showing it.
std::expected<std::string, ExitCode> ask_password(Context& context, const std::string& user) {
    using Echo = Terminal::Echo;
    const auto& prompt = context.terminal().prompt;
    const auto first = prompt(fmt::format("New password of {}: ", printable(user)), Echo::off);
    if (!first || first->empty()) {
        context.complain("the password stays as it is: none was typed");
        return std::unexpected(exit_failed);
    }
    if (prompt("The same again: ", Echo::off) == first) return *first;
    context.complain("the password stays as it is: the two differ");
    return std::unexpected(exit_failed);
}

/// Never from the command line itself, which others on the machine can see.
std::expected<std::string, ExitCode> new_password(Context& context, const Given& given) {
    const bool asks = context.terminal().prompt && !given.has("--file");
    if (asks) return ask_password(context, *given.text("USER"));
    auto text = read_argument(context, given.text_or("--file", "-"));
    if (!text) return std::unexpected(context.wrong(text.error().message));
    while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
    return *text;
}

int password(Context& context, const Given& given) {
    const auto path = find_path(context, user_kind, *given.text("USER"), "/password");
    if (!path) return path.error();
    const auto text = new_password(context, given);
    if (!text) return text.error();
    return say_done(context, context.ask("PUT", *path, body_of({{"password", *text}})),
                    "the password is set");
}

int reset(Context& context, const Given& given) {
    const auto path = find_path(context, user_kind, *given.text("USER"), "/reset-password");
    if (!path) return path.error();
    return show_asked(context, context.ask("POST", *path),
                      {{"Token", "token"}, {"Expires", "expires_at"}});
}

}  // namespace

std::vector<Verb> user_verbs() {
    const Argument role{"ROLE", "", "its name or id", Count::required};
    return {{.group = "user",
             .name = "create",
             .summary = "make a user",
             .arguments = with_members({{"USERNAME", "", "unique in the realm", Count::required}}),
             .examples = "postrider user create ada --email ada@example.com",
             .run = create},
            {.group = "user",
             .name = "list",
             .summary = "the users of a realm, newest first",
             .arguments = with_paging({{"--username", "NAME", "the one of this name"},
                                       {"--email", "ADDRESS", "the one with this address"}}),
             .examples = "postrider user list --all",
             .run = list},
            {.group = "user",
             .name = "show",
             .summary = "one user",
             .arguments = {user_argument},
             .examples = "postrider user show ada",
             .run = show},
            {.group = "user",
             .name = "edit",
             .summary = "change a user",
             .arguments = with_members({user_argument, {"--username", "NAME", "another name"}}),
             .examples = "postrider user edit ada --disable",
             .run = edit},
            {.group = "user",
             .name = "delete",
             .summary = "delete a user",
             .arguments = with_yes({user_argument, revoke_argument}),
             .examples = "postrider user delete ada --revoke-api-keys",
             .run = remove},
            {.group = "user",
             .name = "api-keys",
             .summary = "the API keys that a user made, in every realm",
             .arguments = with_paging({user_argument}),
             .examples = "postrider user api-keys ada",
             .run = keys},
            {.group = "user",
             .name = "roles",
             .summary = "the roles of a user",
             .arguments = with_paging({user_argument}),
             .examples = "postrider user roles ada",
             .run = roles},
            {.group = "user",
             .name = "assign",
             .summary = "assign a role to a user",
             .arguments = {user_argument, role},
             .examples = "postrider user assign ada auditor",
             .run = assign},
            {.group = "user",
             .name = "unassign",
             .summary = "take a role from a user",
             .arguments = with_yes({user_argument, role, revoke_argument}),
             .examples = "postrider user unassign ada auditor",
             .run = unassign},
            {.group = "user",
             .name = "password",
             .summary = "set a user's password: asks for it, or reads standard input",
             .arguments = {user_argument, {"--file", "@FILE", "read it from there"}},
             .examples = "postrider user password ada\npostrider user password ada < password.txt",
             .run = password},
            {.group = "user",
             .name = "reset",
             .summary = "make a token that sets the password once, within 30 minutes",
             .arguments = {user_argument},
             .examples = "postrider user reset ada",
             .run = reset}};
}

}  // namespace postrider::cli
