#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/json_text.h"
#include "base/uuid.h"
#include "cli/authentication_flags.h"
#include "cli/context.h"
#include "cli/directory_view.h"
#include "cli/order_verbs.h"
#include "cli/request_text.h"
#include "cli/tls_flags.h"
#include "cli/views.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

std::string path_of(Context& context, const std::string& id, std::string_view rest = {}) {
    return context.in_realm(fmt::format("/webhooks/{}{}", percent_encoded(id), rest));
}

/// Any number: the server says which are allowed.
std::optional<std::int64_t> parse_number(std::string_view text) {
    return number_in(text, std::numeric_limits<std::int64_t>::min(),
                     std::numeric_limits<std::int64_t>::max());
}

/// A rate limit as flags have it: "100/1m", or "none". Errors: invalid_argument.
Result<json::Value> rate_limit_of(std::string_view text) {
    if (text == "none") return json::Value();
    const auto slash = text.find('/');
    const auto count = parse_number(text.substr(0, slash));
    if (!count || slash == std::string_view::npos) {
        return fail(ErrorCode::invalid_argument,
                    "must be a count, a slash and a span, such as 100/1m, or \"none\"");
    }
    return json::Value(
        json::Object{{"count", *count}, {"per", std::string(text.substr(slash + 1))}});
}

/// The members of a request's body.
class Members {
 public:
    void add(std::string_view name, const json::Value& value) {
        text_.append(text_.empty() ? "{" : ",");
        json::append_string(text_, name);
        text_.append(":").append(json::serialize(value));
    }
    /// As JSON that was typed, whose numbers keep their digits. Errors: invalid_argument.
    Result<void> add_text(std::string_view name, std::string_view text) {
        POSTRIDER_ASSIGN(const auto compact, json::compact(text, limits::json_depth_max));
        text_.append(text_.empty() ? "{" : ",");
        json::append_string(text_, name);
        text_.append(":").append(compact);
        return {};
    }
    bool empty() const { return text_.empty(); }
    std::string json() const { return empty() ? "{}" : text_ + "}"; }

 private:
    std::string text_;
};

/// The members that flags set. The exit code after saying what is wrong.
std::expected<Members, ExitCode> members_of(Context& context, const Given& given) {
    Members members;
    // --url is the server's.
    if (auto url = given.text("--to")) members.add("url", *url);
    for (const char* name : {"name", "description", "secret"}) {
        if (auto text = given.text(std::string("--") + name)) members.add(name, *text);
    }
    if (given.has("--event")) {
        json::Array events;
        for (auto& event : given.words("--event")) events.emplace_back(std::move(event));
        members.add("events", std::move(events));
    }
    json::Object headers;
    for (const auto& line : given.list("--header")) {
        auto header = parse_header_line(line);
        if (!header) return std::unexpected(context.wrong("--header: " + header.error().message));
        headers.emplace_back(line.substr(0, header->first.size()), header->second);
    }
    for (auto& name : given.list("--remove-header")) headers.emplace_back(name, nullptr);
    if (!headers.empty()) members.add("headers", std::move(headers));
    if (auto timeout = given.text("--timeout")) {
        members.add("timeout", *timeout == "default" ? json::Value() : json::Value(*timeout));
    }
    if (auto schedule = given.text("--retry-schedule")) {
        json::Array waits;
        for (auto& wait : given.words("--retry-schedule")) waits.emplace_back(std::move(wait));
        bool standard = *schedule == "default";
        members.add("retry_schedule", standard ? json::Value() : json::Value(std::move(waits)));
    }
    if (given.has("--signing")) {
        json::Array schemes;
        for (auto& scheme : given.words("--signing")) schemes.emplace_back(std::move(scheme));
        members.add("signing", std::move(schemes));
    }
    if (auto limit = given.text("--rate-limit")) {
        auto value = rate_limit_of(*limit);
        if (!value) return std::unexpected(context.wrong("--rate-limit: " + value.error().message));
        members.add("rate_limit", std::move(*value));
    }
    if (auto most = given.text("--max-in-flight")) {
        const auto count = parse_number(*most);
        if (!count && *most != "default") {
            return std::unexpected(
                context.wrong("--max-in-flight: must be a whole number, or \"default\""));
        }
        members.add("max_in_flight", count ? json::Value(*count) : json::Value());
    }
    if (auto filter = given.text("--filter")) {
        if (*filter == "none") {
            members.add("filter", json::Value());
        } else if (auto added = members.add_text("filter", *filter); !added) {
            return std::unexpected(
                context.wrong("--filter: is not JSON: " + added.error().message));
        }
    }
    if (auto text = given.text("--template")) {
        if (*text == "none") {
            members.add("template", json::Value());
        } else if (auto added = members.add_text("template", *text); !added) {
            return std::unexpected(
                context.wrong("--template: is not JSON: " + added.error().message));
        }
    }
    for (const auto& [name, value] : order_members(given)) members.add(name, value);
    auto authentication = authentication_of(given);
    if (!authentication) return std::unexpected(context.wrong(authentication.error().message));
    if (*authentication) members.add("authentication", **authentication);
    if (auto format = given.text("--format")) {
        members.add("format", *format == "default" ? json::Value() : json::Value(*format));
    }
    return members;
}

int create(Context& context, const Given& given) {
    auto members = members_of(context, given);
    if (!members) return members.error();
    members->add("url", *given.text("URL"));
    if (!given.has("--event")) members->add("events", json::Array{"*"});
    if (given.has("--disabled")) members->add("enabled", false);
    auto tls = tls_of(given);
    if (!tls) return context.wrong(tls.error().message);
    if (*tls) members->add("tls", **tls);
    auto answer = context.ask("POST", context.in_realm("/webhooks"), members->json());
    if (!answer) return answer.error();
    return show_webhook(context, *answer);
}

int list(Context& context, const Given& given) {
    return show_list(context, given, context.in_realm("/webhooks"), {},
                     {{"ID", Fit::id},
                      {"NAME", Fit::cut},
                      {"STATE", Fit::whole},
                      {"EVENTS", Fit::cut},
                      {"URL", Fit::cut},
                      {"CHANGED", Fit::wide}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         return {
                             {text_of(item, "id")},  {text_of(item, "name")},
                             webhook_state(item),    {text_of(item, "events")},
                             {text_of(item, "url")}, {context.ago(item, "updated_at"), Style::dim}};
                     });
}

int show(Context& context, const Given& given) {
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    auto answer = context.ask(
        "GET", path_of(context, *id, given.has("--reveal-headers") ? "?reveal=headers" : ""));
    if (!answer) return answer.error();
    return show_webhook(context, *answer);
}

int change(Context& context, const Given& given, const Members& members) {
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    auto answer = context.ask("PATCH", path_of(context, *id), members.json());
    if (!answer) return answer.error();
    return show_webhook(context, *answer);
}

int switch_to(Context& context, const Given& given, const json::Value& enabled) {
    Members members;
    members.add("enabled", enabled);
    return change(context, given, members);
}

int edit(Context& context, const Given& given) {
    auto members = members_of(context, given);
    if (!members) return members.error();
    const auto tls = tls_of(given);
    if (!tls) return context.wrong(tls.error().message);
    if (members->empty() && !*tls) {
        return context.wrong("webhook edit takes at least one thing to change");
    }
    if (*tls && (*tls)->is_null()) members->add("tls", **tls);
    if (!*tls || (*tls)->is_null()) return change(context, given, *members);
    // The API sets it whole; whoever renews a certificate means that alone.
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    auto now = context.ask("GET", path_of(context, *id));
    if (!now) return now.error();
    members->add("tls", with_the_rest_of(now->value, **tls));
    return change(context, given, *members);
}

int remove(Context& context, const Given& given) {
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    auto typed = *given.text("WEBHOOK");
    std::optional<std::string> waiting;
    if (context.terminal().prompt && !given.has("--yes")) {
        waiting = count_of(
            context,
            context.in_realm("/deliveries?state=pending&webhook_id=" + percent_encoded(*id)),
            "delivery");
    }
    if (auto no =
            context.confirm(given, fmt::format("webhook \"{}\"", typed),
                            waiting ? fmt::format("Pending, and cancelled with it: {}.", *waiting)
                                    : "What is on its way to it is cancelled.")) {
        return *no;
    }
    auto answer = context.ask("DELETE", path_of(context, *id));
    if (!answer) return answer.error();
    if (!context.connection().json()) context.say("deleted " + typed);
    return exit_ok;
}

/// What of a webhook refuses an event, in the words of the flags.
std::string refusal_of(std::string_view pointer) {
    if (pointer == "#/events") return "its type is not among --event";
    constexpr std::string_view filter = "#/filter";
    return fmt::format("--filter{}{}", pointer == filter ? "" : " at ",
                       pointer.substr(std::min(pointer.size(), filter.size() + 1)));
}

void say_dry_run(Context& context, const json::Value& run) {
    const auto looked_at = text_of(run, "looked_at");
    context.say(fmt::format("{} of {} event{} would be delivered", text_of(run, "matching"),
                            looked_at, looked_at == "1" ? "" : "s"));
    std::map<std::string, std::size_t> refused;
    const auto* items = run.find("items");
    for (const auto& item : items->as_array() != nullptr ? *items->as_array() : json::Array()) {
        if (text_of(item, "matches") != "true") ++refused[text_of(item, "refused_by")];
    }
    for (const auto& [pointer, count] : refused) {
        context.say(fmt::format("{} refused: {}", count, refusal_of(pointer)));
    }
    const auto* body = run.find("body");
    if (body != nullptr && !body->is_null()) context.say(text_of(*body, "text"));
}

int check(Context& context, const Given& given) {
    auto body = members_of(context, given);
    if (!body) return body.error();
    if (auto url = given.text("URL")) body->add("url", *url);
    if (auto last = given.text("--last")) {
        const auto count = parse_number(*last);
        if (!count) return context.wrong("--last must be a whole number, such as 1000");
        body->add("last", *count);
    }
    if (auto sample = given.text("--sample")) {
        if (auto added = body->add_text("sample", *sample); !added) {
            return context.wrong("--sample: is not JSON: " + added.error().message);
        }
    }
    if (!given.has("URL") && !given.has("--last") && !given.has("--sample")) {
        return context.wrong("webhook check needs a URL, --last or --sample");
    }
    auto answer = context.ask("POST", context.in_realm("/webhooks/check"), body->json());
    if (!answer) return answer.error();
    const bool ok = !given.has("URL") || text_of(answer->value, "ok") == "true";
    if (context.connection().json()) {
        context.show_json(answer->body);
        return ok ? exit_ok : exit_failed;
    }
    if (given.has("URL")) {
        context.say(ok ? text_of(answer->value, "url") + " is fine"
                       : text_of(answer->value, "detail"));
    }
    if (const auto* run = answer->value.find("dry_run")) say_dry_run(context, *run);
    return ok ? exit_ok : exit_failed;
}

int test(Context& context, const Given& given) {
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    json::Object body;
    if (auto event = given.text("--event")) body.emplace_back("event", *event);
    // The answer comes after the attempt.
    context.be_patient(limits::attempt_timeout_max + 15s);
    auto answer = context.ask("POST", path_of(context, *id, "/test"),
                              json::serialize(json::Value(std::move(body))));
    if (!answer) return answer.error();
    show_delivery(context, *answer);
    return text_of(answer->value, "state") == "delivered" ? exit_ok : exit_failed;
}

int secret(Context& context, const Given& given) {
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    auto answer = context.ask("GET", path_of(context, *id, "/secret"));
    if (!answer) return answer.error();
    // Alone it fits into "$(…)".
    bool for_scripts = !context.terminal().is_terminal && !context.connection().json();
    if (for_scripts) {
        auto secret = text_of(answer->value, "secret");
        context.say(secret.empty() ? text_of(answer->value, "public_key") : secret);
        return exit_ok;
    }
    return show_secret(context, *answer);
}

int rotate_secret(Context& context, const Given& given) {
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    json::Object body;
    if (auto text = given.text("--secret")) body.emplace_back("secret", *text);
    if (auto overlap = given.text("--overlap")) body.emplace_back("overlap", *overlap);
    auto answer = context.ask("POST", path_of(context, *id, "/secret/rotate"),
                              json::serialize(json::Value(std::move(body))));
    if (!answer) return answer.error();
    return show_secret(context, *answer);
}

int recover(Context& context, const Given& given) {
    auto since = moment(context, given, "--since");
    if (!since) return since.error();
    if (!*since)
        return context.wrong("webhook recover needs --since: a time, or how long ago, like 2h");
    auto until = moment(context, given, "--until");
    if (!until) return until.error();
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    json::Object body = {{"since", **since}};
    if (*until) body.emplace_back("until", **until);
    if (given.has("--dry-run")) body.emplace_back("dry_run", true);
    auto answer = context.ask("POST", path_of(context, *id, "/recover"),
                              json::serialize(json::Value(std::move(body))));
    if (!answer) return answer.error();
    if (given.has("--dry-run")) return show_count(context, *answer);
    if (given.has("--wait")) return wait_for_operation(context, text_of(answer->value, "id"));
    return show_operation(context, *answer);
}

const Argument webhook_argument = {"WEBHOOK", "", "its name or id, or a part of the id",
                                   Count::required};

const Argument filter_argument = {
    "--filter", "JSON",
    "conditions on the event, like '{\"data\":{\"total\":{\"$gte\":100}}}'; none: every event"};
const Argument format_argument = {
    "--format", "FORMAT",
    "of the body: postrider, payload (data alone), cloudevents, slack, discord, teams, pagerduty, "
    "or "
    "template with --template",
    Count::optional,
    "postrider payload cloudevents template slack discord teams pagerduty default"};
const Argument template_argument = {
    "--template", "JSON",
    "the body of the format template, like '{\"text\":\"{{event}}: {{data.total}}\"}'; none"};

std::vector<Argument> with_settings(std::vector<Argument> arguments) {
    const Argument settings[] = {
        {"--event", "EVENT",
         "subscribe to these: user.created, user.* or *; commas or again for more",
         Count::repeatable},
        {"--name", "NAME", "for people"},
        {"--description", "TEXT", "for people"},
        {"--header", "NAME: VALUE", "sent with every attempt; again for more", Count::repeatable,
         "", "-H"},
        {"--timeout", "DURATION", "of one attempt, 100ms to 30s; default: the realm's"},
        {"--retry-schedule", "WAITS", "between attempts, like 5s,5m,2h; default: the realm's"},
        {"--signing", "SCHEMES", "v1 (HMAC), v1a (ed25519), ferriskey, or several: v1,v1a",
         Count::repeatable,
         "v1 v1a ferriskey v1,v1a v1,ferriskey v1a,ferriskey v1,v1a,ferriskey ferriskey,v1"},
        {"--rate-limit", "COUNT/SPAN",
         "attempts at most, spread evenly, like 100/1m; none: no limit"},
        {"--max-in-flight", "COUNT", "attempts at a time, 1 to 256; default: 64"},
        filter_argument,
        format_argument,
        template_argument,
        {"--secret", "SECRET", "whsec_… or whsk_… (default: the server makes one)"}};
    arguments.insert(arguments.end(), std::begin(settings), std::end(settings));
    const auto order = order_arguments();
    arguments.insert(arguments.end(), order.begin(), order.end());
    const auto authentication = authentication_arguments();
    arguments.insert(arguments.end(), authentication.begin(), authentication.end());
    const auto tls = tls_arguments();
    arguments.insert(arguments.end(), tls.begin(), tls.end());
    return arguments;
}

}  // namespace

std::vector<Verb> webhook_verbs() {
    const std::string_view group = "webhook";
    std::vector<Verb> verbs{
        {.group = group,
         .name = "create",
         .summary = "subscribe a URL to events",
         .arguments = with_settings({{"URL", "", "where to POST", Count::required},
                                     {"--disabled", "", "do not deliver yet"}}),
         .examples =
             "postrider webhook create https://example.com/hook --event 'user.*'\n"
             "postrider webhook create https://example.com/hook --event order.paid --name shop "
             "--header 'Authorization: Bearer x'",
         .run = create},
        {.group = group,
         .name = "list",
         .summary = "the webhooks of the realm",
         .arguments = with_paging({}),
         .examples =
             "postrider webhook list\npostrider webhook list --json --all | jq '.items[].url'",
         .run = list},
        {.group = group,
         .name = "show",
         .summary = "one webhook",
         .arguments = with_watch({webhook_argument,
                                  {"--reveal-headers", "",
                                   "with header values and credentials (needs reveal_secrets)"}}),
         .examples = "postrider webhook show shop",
         .run = show},
        {.group = group,
         .name = "edit",
         .summary = "change what is given, leave the rest",
         .arguments =
             with_settings({webhook_argument,
                            {"--to", "URL", "deliver to this URL from now on"},
                            {"--remove-header", "NAME", "again for more", Count::repeatable}}),
         .examples = "postrider webhook edit shop --event user.created,order.paid\n"
                     "postrider webhook edit shop --timeout 5s --remove-header authorization",
         .run = edit},
        {.group = group,
         .name = "delete",
         .summary = "unsubscribe; what is pending is cancelled",
         .arguments = with_yes({webhook_argument}),
         .examples = "postrider webhook delete shop",
         .run = remove},
        {.group = group,
         .name = "enable",
         .summary = "deliver again",
         .arguments = {webhook_argument},
         .examples = "postrider webhook enable shop && postrider webhook recover shop --since 2d",
         .run = [](Context& context,
                   const Given& given) { return switch_to(context, given, true); }},
        {.group = group,
         .name = "disable",
         .summary = "deliver nothing more; what is pending is cancelled",
         .arguments = {webhook_argument},
         .examples = "postrider webhook disable shop",
         .run = [](Context& context,
                   const Given& given) { return switch_to(context, given, false); }},
        {.group = group,
         .name = "check",
         .summary = "whether a URL can be delivered to, or which events a filter lets through",
         .arguments = {{"URL", "", "as a webhook would have it; nothing connects to it"},
                       {"--event", "EVENT", "as of webhook create; default: all",
                        Count::repeatable},
                       filter_argument,
                       format_argument,
                       template_argument,
                       {"--last", "COUNT", "try the realm's newest events, 1 to 1000"},
                       {"--sample", "JSON",
                        "try this event: '{\"event\": …, \"resource_id\": …, \"data\": {…}}'"}},
         .examples = "postrider webhook check https://example.com/hook\n"
                     "postrider webhook check --last 1000 --event 'order.*' "
                     "--filter '{\"data\":{\"total\":{\"$gte\":100}}}'",
         .run = check},
        {.group = group,
         .name = "test",
         .summary = "send a test now and show the attempt; 1 when it is not accepted",
         .arguments = {webhook_argument,
                       {"--event", "EVENT", "send this type's example instead of postrider.test"}},
         .examples =
             "postrider webhook test shop\npostrider webhook test shop --event user.created",
         .run = test},
        {.group = group,
         .name = "secret",
         .summary = "the secret that verifies signatures; in a pipe it alone",
         .arguments = {webhook_argument},
         .examples = "postrider webhook secret shop\n"
                     "postrider listen --secret \"$(postrider webhook secret shop)\"",
         .run = secret},
        {.group = group,
         .name = "rotate-secret",
         .summary = "make a new secret; the previous one signs too for the overlap",
         .arguments = {webhook_argument,
                       {"--overlap", "DURATION", "how long both sign (default: the realm's, 24h)"},
                       {"--secret", "SECRET", "the new one (default: the server makes it)"}},
         .examples = "postrider webhook rotate-secret shop --overlap 2h",
         .run = rotate_secret},
        {.group = group,
         .name = "recover",
         .summary = "deliver again what failed, was cancelled or was missed",
         .arguments = {webhook_argument,
                       {"--since", "WHEN", "a time, or how long ago, like 2d"},
                       {"--until", "WHEN", "default: now"},
                       {"--dry-run", "", "only say how many it would be"},
                       {"--wait", "", "until it is done"}},
         .examples = "postrider webhook recover shop --since 2d --dry-run\n"
                     "postrider webhook recover shop --since 2d --wait",
         .run = recover},
    };
    for (auto& verb : order_verbs()) verbs.push_back(std::move(verb));
    return verbs;
}

}  // namespace postrider::cli
