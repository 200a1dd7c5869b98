#include <fmt/format.h>

#include <istream>

#include "cli/context.h"
#include "cli/directory_view.h"
#include "cli/saved_contexts.h"
#include "net/url.h"

namespace postrider::cli {
namespace {

using Count = Argument::Count;
using TokenFrom = Connection::TokenFrom;

const Argument context_argument{"CONTEXT", "", "its name, as context list shows it"};

/// The key to log in with: one that was given, the first one of a server on this machine, or what
/// is typed, which is not shown; without a terminal a line of standard input.
std::expected<std::string, ExitCode> key_to_log_in(Context& context) {
    const auto& connection = context.connection();
    const bool is_given =
        connection.token_from != TokenFrom::nowhere && connection.token_from != TokenFrom::context;
    if (is_given) return connection.client.token;
    std::string key;
    if (context.terminal().prompt) {
        key = context.terminal()
                  .prompt(fmt::format("API key of {}: ", printable(connection.client.base_url)),
                          Terminal::Echo::off)
                  .value_or("");
    } else {
        std::getline(context.terminal().in, key);
    }
    while (key.ends_with('\r') || key.ends_with(' ')) key.pop_back();
    if (!key.empty()) return key;
    return std::unexpected(context.wrong(
        "login needs an API key: on standard input, or with --token; the first one is in the file "
        "admin-token of the server's data folder, `postrider api-key create` makes others"));
}

int login(Context& context, const Given& typed) {
    Given given = typed;
    if (const auto url = typed.text("URL")) {
        if (typed.has("--url"))
            return context.wrong("login takes the URL once: as URL or as --url");
        given.add("--url", *url);
    }
    if (auto connected = context.connect(given); !connected) {
        return context.wrong(connected.error().message);
    }
    const auto key = key_to_log_in(context);
    if (!key) return key.error();
    given.add("--token", *key);
    if (auto connected = context.connect(given); !connected) {
        return context.wrong(connected.error().message);
    }
    const auto& connection = context.connection();
    const auto who = context.ask("GET", context.in_realm("/session"));
    if (!who) return who.error();
    auto contexts = SavedContexts::load(context.environment());
    if (!contexts) return context.wrong(contexts.error().message);
    const auto url = *net::parse_url(connection.client.base_url);
    const auto name = given.text_or(
        "--name", connection.context.empty() ? url.host_header() : connection.context);
    contexts->put({.name = name,
                   .url = connection.client.base_url,
                   .realm = connection.realm,
                   .token = *key,
                   .ca_file = connection.client.ca_file});
    if (auto saved = contexts->save(); !saved) {
        context.complain(saved.error().message);
        return exit_failed;
    }
    if (context.show_raw(*who)) return exit_ok;
    context.say(fmt::format("Logged in to {} in realm {} with the {} \"{}\".",
                            connection.client.base_url, connection.realm,
                            text_of(who->value, "kind") == "api_key" ? "API key" : "login",
                            text_of(who->value, "name")));
    context.say(fmt::format("Verbs use it from now on; as context \"{}\" it is in {}.", name,
                            contexts->path()));
    return exit_ok;
}

int logout(Context& context, const Given& given) {
    auto contexts = SavedContexts::load(context.environment());
    if (!contexts) return context.wrong(contexts.error().message);
    const auto* current = contexts->current();
    if (!given.has("CONTEXT") && current == nullptr) {
        context.complain("nobody is logged in: no context is the current one");
        return exit_not_found;
    }
    const auto name = given.text_or("CONTEXT", current == nullptr ? "" : current->name);
    if (!contexts->remove(name)) {
        context.complain(contexts->unknown(name));
        return exit_not_found;
    }
    if (auto saved = contexts->save(); !saved) {
        context.complain(saved.error().message);
        return exit_failed;
    }
    context.say(
        fmt::format("Forgot the context \"{}\" with its API key; `postrider api-key revoke` "
                    "ends the key itself.",
                    name));
    return exit_ok;
}

int list(Context& context, const Given&) {
    const auto contexts = SavedContexts::load(context.environment());
    if (!contexts) return context.wrong(contexts.error().message);
    // Never with their keys.
    json::Array items;
    Table table({{"CURRENT"},
                 {"NAME", Column::Fit::whole},
                 {"URL", Column::Fit::cut},
                 {"REALM", Column::Fit::cut}});
    for (const auto& each : contexts->all()) {
        const bool is_current = contexts->current() == &each;
        items.emplace_back(json::Object{{"name", each.name},
                                        {"url", each.url},
                                        {"realm", each.realm},
                                        {"current", is_current}});
        table.add({{is_current ? "yes" : ""}, {each.name}, {each.url}, {each.realm}});
    }
    if (context.connection().json()) {
        context.show_json(json::serialize(json::Value(json::Object{{"items", std::move(items)}})));
    } else if (context.connection().output == Output::name) {
        for (const auto& each : contexts->all()) context.say(each.name);
    } else if (table.empty()) {
        context.complain("there are none: `postrider login URL` makes one");
    } else {
        context.show(table);
    }
    return exit_ok;
}

int use(Context& context, const Given& given) {
    auto contexts = SavedContexts::load(context.environment());
    if (!contexts) return context.wrong(contexts.error().message);
    const auto name = *given.text("CONTEXT");
    if (!contexts->use(name)) {
        context.complain(contexts->unknown(name));
        return exit_not_found;
    }
    if (auto saved = contexts->save(); !saved) {
        context.complain(saved.error().message);
        return exit_failed;
    }
    const auto* current = contexts->current();
    context.say(
        fmt::format("Verbs talk to {} in realm {} from now on.", current->url, current->realm));
    return exit_ok;
}

const std::vector<Line> who_lines{{"Kind", "kind"},
                                  {"Name", "name"},
                                  {"Realm", "realm"},
                                  {"Id", "id"},
                                  {"Permissions", "permissions"},
                                  {"Expires", "expires_at"}};

int show_who(Context& context, const Given&) {
    const auto answer = context.ask("GET", context.in_realm("/session"));
    if (!answer) return answer.error();
    if (context.show_raw(*answer)) return exit_ok;
    const auto& connection = context.connection();
    Card card;
    card.add("Server", printable(connection.client.base_url));
    if (!connection.context.empty()) card.add("Context", printable(connection.context));
    for (const auto& line : who_lines) {
        card.add(std::string(line.label), printable(text_of(answer->value, line.member)));
    }
    context.show(card);
    return exit_ok;
}

}  // namespace

std::vector<Verb> login_verbs() {
    const Argument output{"--output",      "FORMAT",          "table, json or name (default table)",
                          Count::optional, "table json name", "-o"};
    const Argument json{"--json", "", "the same as -o json"};
    auto required = context_argument;
    required.count = Count::required;
    auto optional = context_argument;
    optional.help = "its name (default: the current one)";
    return {
        {.group = "",
         .name = "login",
         .summary = "keep a server's address and an API key, for the verbs that talk to it",
         .arguments = {{"URL", "", "the server (default http://127.0.0.1:8080)"},
                       {"--name", "NAME", "of the context (default: the server's host)"}},
         .examples = "postrider login https://hooks.example.com\n"
                     "postrider login https://hooks.example.com --realm acme --name acme < key.txt",
         .run = login},
        {.group = "",
         .name = "logout",
         .summary = "forget a server and its API key",
         .arguments = {optional},
         .examples = "postrider logout",
         .needs = Verb::Needs::nothing,
         .run = logout},
        {.group = "",
         .name = "whoami",
         .summary = "the server that verbs talk to, and what the API key may do",
         .arguments = {},
         .examples = "postrider whoami",
         .run = show_who},
        {.group = "context",
         .name = "list",
         .summary = "the servers that you logged in to",
         .arguments = {output, json},
         .examples = "postrider context list",
         .needs = Verb::Needs::nothing,
         .run = list},
        {.group = "context",
         .name = "use",
         .summary = "talk to this server from now on",
         .arguments = {required},
         .examples = "postrider context use acme",
         .needs = Verb::Needs::nothing,
         .run = use},
        {.group = "context",
         .name = "delete",
         .summary = "forget a server and its API key, as logout does",
         .arguments = {required},
         .examples = "postrider context delete acme",
         .needs = Verb::Needs::nothing,
         .run = logout},
    };
}

}  // namespace postrider::cli
