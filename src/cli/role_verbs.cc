#include <fmt/format.h>

#include "cli/confirm.h"
#include "cli/directory_view.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

const std::vector<Line> role_lines{{"Id", "id"},
                                   {"Name", "name"},
                                   {"Description", "description"},
                                   {"Permissions", "permissions"},
                                   {"Of client", "client_id"}};
const std::vector<Line> client_lines{{"Id", "id"},
                                     {"Client id", "client_id"},
                                     {"Name", "name"},
                                     {"Description", "description"},
                                     {"Type", "type"},
                                     {"Enabled", "enabled"},
                                     {"Service account", "service_account_roles"},
                                     {"Secret", "secret"}};
const std::vector<Line> uri_lines{{"Id", "id"}, {"URI", "value"}, {"Enabled", "enabled"}};

const Argument role_argument{"ROLE", "", "its name or id", Count::required};
const Argument client_argument{"CLIENT", "", "its client_id or id", Count::required};
const Argument permission_flag{"--permission", "NAME", "one or more, by commas", Count::repeatable};

json::Array words_of(const Given& given, std::string_view flag) {
    json::Array words;
    for (auto& word : given.words(flag)) words.emplace_back(std::move(word));
    return words;
}

int create_role(Context& context, const Given& given) {
    json::Object members{{"name", *given.text("NAME")}};
    add_texts(members, given, {"--description"});
    if (given.has("--permission")) {
        members.emplace_back("permissions", words_of(given, "--permission"));
    }
    return show_asked(context,
                      context.ask("POST", context.in_realm("/roles"), body_of(std::move(members))),
                      role_lines);
}

int list_roles(Context& context, const Given& given) {
    return show_list(
        context, given, context.in_realm("/roles"), {},
        {{"ID", Fit::id}, {"NAME", Fit::cut}, {"PERMISSIONS", Fit::cut}, {"CHANGED", Fit::whole}},
        [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
            return {{text_of(item, "id")},
                    {text_of(item, "name")},
                    {text_of(item, "permissions")},
                    {context.ago(item, "updated_at"), Style::dim}};
        });
}

int show_role(Context& context, const Given& given) {
    const auto path = find_path(context, role_kind, *given.text("ROLE"));
    if (!path) return path.error();
    return show_asked(context, context.ask("GET", *path), role_lines);
}

int edit_role(Context& context, const Given& given) {
    json::Object members;
    add_texts(members, given, {"--name", "--description"});
    if (members.empty()) return context.wrong("role edit takes at least one thing to change");
    const auto path = find_path(context, role_kind, *given.text("ROLE"));
    if (!path) return path.error();
    return show_asked(context, context.ask("PATCH", *path, body_of(std::move(members))),
                      role_lines);
}

int set_permissions(Context& context, const Given& given) {
    const auto path = find_path(context, role_kind, *given.text("ROLE"), "/permissions");
    if (!path) return path.error();
    json::Object members{{"permissions", words_of(given, "PERMISSION")}};
    return show_asked(context, context.ask("PUT", *path, body_of(std::move(members))), role_lines);
}

int delete_role(Context& context, const Given& given) {
    return remove_named(context, given, role_kind, "ROLE",
                        "Whoever has it loses its permissions at once.");
}

int create_client(Context& context, const Given& given) {
    json::Object members{{"client_id", *given.text("CLIENT_ID")}};
    add_texts(members, given, {"--name", "--description", "--type"});
    return show_asked(
        context, context.ask("POST", context.in_realm("/clients"), body_of(std::move(members))),
        client_lines);
}

int list_clients(Context& context, const Given& given) {
    return show_list(context, given, context.in_realm("/clients"), {},
                     {{"ID", Fit::id},
                      {"CLIENT ID", Fit::cut},
                      {"NAME", Fit::cut},
                      {"TYPE", Fit::whole},
                      {"ENABLED", Fit::whole}},
                     [](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         return {{text_of(item, "id")},
                                 {text_of(item, "client_id")},
                                 {text_of(item, "name")},
                                 {text_of(item, "type")},
                                 {text_of(item, "enabled")}};
                     });
}

int show_client(Context& context, const Given& given) {
    const auto path = find_path(context, client_kind, *given.text("CLIENT"));
    if (!path) return path.error();
    return show_asked(context, context.ask("GET", *path), client_lines);
}

int edit_client(Context& context, const Given& given) {
    json::Object members;
    add_texts(members, given, {"--name", "--description", "--type"});
    add_enabled(members, given);
    if (given.has("--service-account-role")) {
        json::Array roles;
        for (const auto& typed : given.words("--service-account-role")) {
            const auto id = find_id(context, role_kind, typed);
            if (!id) return id.error();
            roles.emplace_back(*id);
        }
        members.emplace_back("service_account_roles", std::move(roles));
    }
    if (members.empty()) return context.wrong("client edit takes at least one thing to change");
    const auto path = find_path(context, client_kind, *given.text("CLIENT"));
    if (!path) return path.error();
    return show_asked(context, context.ask("PATCH", *path, body_of(std::move(members))),
                      client_lines);
}

int rotate_client(Context& context, const Given& given) {
    const auto path = find_path(context, client_kind, *given.text("CLIENT"), "/secret/rotate");
    if (!path) return path.error();
    const auto no =
        confirm(context, given,
                {.verb = "Replace",
                 .past = "replaced",
                 .what = fmt::format("the secret of client \"{}\"", *given.text("CLIENT")),
                 .consequence = "The old secret is refused from then on."});
    if (no) return *no;
    return show_asked(context, context.ask("POST", *path), client_lines);
}

int delete_client(Context& context, const Given& given) {
    return remove_named(context, given, client_kind, "CLIENT", "Its tokens end.",
                        {{"/roles", "role"}, {"/redirects", "redirect URI"}});
}

int list_uris(Context& context, const Given& given) {
    const auto path = find_path(context, client_kind, *given.text("CLIENT"), "/redirects");
    if (!path) return path.error();
    return show_list(
        context, given, *path, {}, {{"ID", Fit::id}, {"URI", Fit::cut}, {"ENABLED", Fit::whole}},
        [](const json::Value& item, std::string_view) -> std::vector<Cell> {
            return {{text_of(item, "id")}, {text_of(item, "value")}, {text_of(item, "enabled")}};
        });
}

int add_uri(Context& context, const Given& given) {
    const auto path = find_path(context, client_kind, *given.text("CLIENT"), "/redirects");
    if (!path) return path.error();
    return show_asked(context, context.ask("POST", *path, body_of({{"value", *given.text("URI")}})),
                      uri_lines);
}

int delete_uri(Context& context, const Given& given) {
    const auto client = find_id(context, client_kind, *given.text("CLIENT"));
    if (!client) return client.error();
    const auto folder = fmt::format("/clients/{}/redirects", *client);
    return remove_named(context, given, {"redirect URI", folder, "value"}, "URI");
}

}  // namespace

std::vector<Verb> role_verbs() {
    return {{.group = "role",
             .name = "create",
             .summary = "make a role: a named set of permissions",
             .arguments = {{"NAME", "", "unique in the realm", Count::required},
                           {"--description", "TEXT", "for people"},
                           permission_flag},
             .examples = "postrider role create auditor --permission view_users,view_audit",
             .run = create_role},
            {.group = "role",
             .name = "list",
             .summary = "the roles of a realm",
             .arguments = with_paging({}),
             .examples = "postrider role list",
             .run = list_roles},
            {.group = "role",
             .name = "show",
             .summary = "one role",
             .arguments = {role_argument},
             .examples = "postrider role show auditor",
             .run = show_role},
            {.group = "role",
             .name = "edit",
             .summary = "change the name or description of a role",
             .arguments = {role_argument,
                           {"--name", "NAME", "another name"},
                           {"--description", "TEXT", "for people"}},
             .examples = "postrider role edit auditor --description 'Reads everything'",
             .run = edit_role},
            {.group = "role",
             .name = "permissions",
             .summary = "set the permissions of a role; none takes all away",
             .arguments = {role_argument,
                           {"PERMISSION", "", "view_users, manage_users, …", Count::repeatable}},
             .examples = "postrider role permissions auditor view_users view_audit",
             .run = set_permissions},
            {.group = "role",
             .name = "delete",
             .summary = "delete a role, with its assignments",
             .arguments = with_yes({role_argument}),
             .examples = "postrider role delete auditor",
             .run = delete_role}};
}

std::vector<Verb> client_verbs() {
    const Argument name{"--name", "TEXT", "for people"};
    const Argument description{"--description", "TEXT", "for people"};
    const Argument type{"--type", "TYPE", "whether it can keep a secret", Count::optional,
                        "public confidential"};
    return {
        {.group = "client",
         .name = "create",
         .summary = "make a client: an application; shows its secret this once",
         .arguments =
             {{"CLIENT_ID", "", "what OAuth calls so", Count::required}, name, description, type},
         .examples = "postrider client create storefront --type confidential",
         .run = create_client},
        {.group = "client",
         .name = "list",
         .summary = "the clients of a realm",
         .arguments = with_paging({}),
         .examples = "postrider client list",
         .run = list_clients},
        {.group = "client",
         .name = "show",
         .summary = "one client",
         .arguments = {client_argument},
         .examples = "postrider client show storefront",
         .run = show_client},
        {.group = "client",
         .name = "edit",
         .summary = "change a client",
         .arguments = {client_argument,
                       name,
                       description,
                       type,
                       {"--enable", "", "may get tokens"},
                       {"--disable", "", "its tokens end"},
                       {"--service-account-role", "ROLE",
                        "what it may do itself; one or more, by commas", Count::repeatable}},
         .examples = "postrider client edit storefront --service-account-role publisher",
         .run = edit_client},
        {.group = "client",
         .name = "rotate-secret",
         .summary = "a new secret, shown this once; the old one ends",
         .arguments = with_yes({client_argument}),
         .examples = "postrider client rotate-secret storefront",
         .run = rotate_client},
        {.group = "client",
         .name = "delete",
         .summary = "delete a client, with its roles and redirect URIs",
         .arguments = with_yes({client_argument}),
         .examples = "postrider client delete storefront",
         .run = delete_client},
        {.group = "client",
         .name = "redirects",
         .summary = "the redirect URIs of a client",
         .arguments = with_paging({client_argument}),
         .examples = "postrider client redirects storefront",
         .run = list_uris},
        {.group = "client",
         .name = "add-redirect",
         .summary = "register a redirect URI, compared exactly",
         .arguments = {client_argument,
                       {"URI", "", "https, or http to this machine", Count::required}},
         .examples = "postrider client add-redirect storefront https://shop.example.com/callback",
         .run = add_uri},
        {.group = "client",
         .name = "delete-redirect",
         .summary = "delete a redirect URI",
         .arguments =
             with_yes({client_argument, {"URI", "", "itself, or its id", Count::required}}),
         .examples =
             "postrider client delete-redirect storefront https://shop.example.com/callback",
         .run = delete_uri}};
}

}  // namespace postrider::cli
