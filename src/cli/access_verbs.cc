#include <fmt/format.h>

#include "cli/confirm.h"
#include "cli/directory_view.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

const std::vector<Line> key_lines{
    {"Id", "id"},           {"Name", "name"},          {"Permissions", "permissions"},
    {"Made by", "made_by"}, {"Expires", "expires_at"}, {"Last used", "last_used_at"},
    {"Key", "key"}};
const Argument key_argument{"KEY", "", "its name or id", Count::required};

/// "90d", or a time: when a key ends.
std::expected<std::string, ExitCode> end_of(Context& context, const std::string& typed) {
    if (parse_rfc3339(typed)) return typed;
    const auto duration = parse_duration(typed);
    if (duration) return format_rfc3339(context.now() + *duration);
    return std::unexpected(
        context.wrong("--expires takes a duration such as 90d, or a time such as "
                      "2027-11-23T18:12:03Z"));
}

int create_key(Context& context, const Given& given) {
    json::Array permissions;
    for (auto& word : given.words("--permission")) permissions.emplace_back(std::move(word));
    json::Object members{{"name", *given.text("NAME")}, {"permissions", std::move(permissions)}};
    if (const auto typed = given.text("--expires")) {
        auto end = end_of(context, *typed);
        if (!end) return end.error();
        members.emplace_back("expires_at", std::move(*end));
    }
    const auto answer =
        context.ask("POST", context.in_realm("/api-keys"), body_of(std::move(members)));
    // Alone it fits into "$(…)".
    if (answer && context.connection().output == Output::table && !context.terminal().is_terminal) {
        context.say(text_of(answer->value, "key"));
        return exit_ok;
    }
    const int code = show_asked(context, answer, key_lines);
    if (answer && !context.connection().json()) context.say("The key is not shown again.");
    return code;
}

int list_keys(Context& context, const Given& given) {
    return show_list(context, given, context.in_realm("/api-keys"), {},
                     {{"ID", Fit::id},
                      {"NAME", Fit::cut},
                      {"PERMISSIONS", Fit::cut},
                      {"MADE BY", Fit::cut},
                      {"EXPIRES", Fit::whole},
                      {"LAST USED", Fit::whole}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         const json::Value none;
                         const json::Value* maker = item.find("made_by");
                         return {{text_of(item, "id")},
                                 {text_of(item, "name")},
                                 {text_of(item, "permissions")},
                                 {text_of(maker == nullptr ? none : *maker, "name")},
                                 {context.ago(item, "expires_at")},
                                 {context.ago(item, "last_used_at"), Style::dim}};
                     });
}

int show_key(Context& context, const Given& given) {
    const auto path = find_path(context, key_kind, *given.text("KEY"));
    if (!path) return path.error();
    return show_asked(context, context.ask("GET", *path), key_lines);
}

int revoke_key(Context& context, const Given& given) {
    const auto path = find_path(context, key_kind, *given.text("KEY"));
    if (!path) return path.error();
    const auto no = confirm(context, given,
                            {.verb = "Revoke",
                             .past = "revoked",
                             .what = fmt::format("API key \"{}\"", *given.text("KEY")),
                             .consequence = "Programs that use it are refused from then on."});
    if (no) return *no;
    return say_done(context, context.ask("DELETE", *path), "revoked: it is refused from now on");
}

/// An id in a cell with something else.
std::string short_in(Context& context, const std::string& id) {
    bool compact = context.terminal().width > 0 && context.connection().output != Output::wide;
    return compact ? short_id(id) : id;
}

int list_audit(Context& context, const Given& given) {
    Query query;
    query.add("action", given.text("--action")).add("actor_id", given.text("--actor"));
    query.add("resource_id", given.text("--resource"));
    for (const char* flag : {"--since", "--until"}) {
        auto time = moment(context, given, flag);
        if (!time) return time.error();
        query.add(std::string_view(flag).substr(2), *time);
    }
    return show_list(
        context, given, context.in_realm("/audit"), query,
        {{"WHEN", Fit::whole},
         {"ACTION", Fit::whole},
         {"BY", Fit::cut},
         {"RESOURCE", Fit::id},
         {"DETAIL", Fit::cut}},
        [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
            const json::Value none;
            const json::Value* actor = item.find("actor");
            if (actor == nullptr) actor = &none;
            const json::Value* detail = item.find("detail");
            return {{context.ago(item, "time"), Style::dim},
                    {text_of(item, "action")},
                    {text_of(*actor, "kind") + " " + short_in(context, text_of(*actor, "id"))},
                    {text_of(item, "resource_id")},
                    {detail == nullptr ? "" : json::serialize(*detail), Style::dim}};
        });
}

int admin_link(Context& context, const Given& given) {
    const std::string user = given.text_or("USER", "admin");
    const auto path = find_path(context, user_kind, user, "/reset-password");
    if (!path) return path.error();
    const auto answer = context.ask("POST", *path);
    if (!answer) return answer.error();
    if (context.show_raw(*answer)) return exit_ok;
    context.say("Set the password of " + user + ", within 30 minutes, at");
    context.say("  " + context.connection().client.base_url + "/set-password#realm=" +
                context.connection().realm + "&token=" + text_of(answer->value, "token"));
    return 0;
}

int list_sessions(Context& context, const Given& given) {
    Query query;
    if (const auto user = given.text("--user")) {
        const auto id = find_id(context, user_kind, *user);
        if (!id) return id.error();
        query.add("user_id", *id);
    }
    return show_list(context, given, context.in_realm("/sessions"), query,
                     {{"ID", Fit::id},
                      {"USER", Fit::id},
                      {"FROM", Fit::whole},
                      {"LAST USED", Fit::whole},
                      {"BROWSER", Fit::cut}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         return {{text_of(item, "id")},
                                 {text_of(item, "user_id")},
                                 {text_of(item, "address")},
                                 {context.ago(item, "last_used_at"), Style::dim},
                                 {text_of(item, "user_agent"), Style::dim}};
                     });
}

int end_session(Context& context, const Given& given) {
    const auto path = find_path(context, session_kind, *given.text("ID"));
    if (!path) return path.error();
    const auto no = confirm(context, given,
                            {.verb = "End",
                             .past = "ended",
                             .what = fmt::format("session \"{}\"", *given.text("ID")),
                             .consequence = "Its user has to log in again."});
    if (no) return *no;
    return say_done(context, context.ask("DELETE", *path), "ended: its user has to log in again");
}

}  // namespace

std::vector<Verb> access_verbs() {
    return {{.group = "",
             .name = "admin-link",
             .summary = "make a link that sets a user's password, once and within 30 minutes",
             .arguments = {{"USER", "", "its username or id (default: admin)"}},
             .examples = "postrider admin-link",
             .run = admin_link},
            {.group = "session",
             .name = "list",
             .summary = "who is logged in, newest first",
             .arguments = with_paging({{"--user", "USER", "only this one"}}),
             .examples = "postrider session list",
             .run = list_sessions},
            {.group = "session",
             .name = "end",
             .summary = "log a session out",
             .arguments = with_yes({{"ID", "", "its id, a part of it, or last", Count::required}}),
             .examples = "postrider session end 019ab200-b633-7f10-8c55-0d9e3f7a6c21",
             .run = end_session},
            {.group = "api-key",
             .name = "create",
             .summary = "make a key for a program; shown once, in a pipe it alone",
             .arguments = {{"NAME", "", "unique in the realm", Count::required},
                           {"--permission", "NAME", "one or more, by commas", Count::repeatable},
                           {"--expires", "WHEN", "90d, or a time (default: never)"}},
             .examples = "postrider api-key create ci --permission publish_events --expires 90d",
             .run = create_key},
            {.group = "api-key",
             .name = "list",
             .summary = "the keys of the realm, newest first",
             .arguments = with_paging({}),
             .examples = "postrider api-key list",
             .run = list_keys},
            {.group = "api-key",
             .name = "show",
             .summary = "one key, never its text",
             .arguments = {key_argument},
             .examples = "postrider api-key show ci",
             .run = show_key},
            {.group = "api-key",
             .name = "revoke",
             .summary = "refuse a key from now on",
             .arguments = with_yes({key_argument}),
             .examples = "postrider api-key revoke ci",
             .run = revoke_key},
            {.group = "audit",
             .name = "list",
             .summary = "who changed what, and when, newest first",
             .arguments = with_paging({{"--action", "ACTION", "what was done: user.update, user.*"},
                                       {"--resource", "ID", "to what"},
                                       {"--actor", "ID", "by which key"},
                                       {"--since", "WHEN", "a time, or a duration before now: 2h"},
                                       {"--until", "WHEN", "before then"}}),
             .examples = "postrider audit list --since 1d\n"
                         "postrider audit list --action 'user.*' --realm acme",
             .run = list_audit}};
}

}  // namespace postrider::cli
