#include "cli/complete.h"

#include <algorithm>
#include <chrono>
#include <ostream>

#include "cli/saved_contexts.h"
#include "cli/words.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

constexpr Duration answer_within = 500ms;  ///< of one request: who types waits no longer
constexpr Duration all_within = 500ms;     ///< no further page after it: 1 s in all

/// Where names of a kind come from: a list of the realm, and the member that is the name.
struct Source {
    std::string_view argument;  ///< "WEBHOOK"; of one group alone when it is before a space
    std::string_view path;      ///< after the realm; from the root when it begins with /api
    std::string_view member;
};
constexpr std::string_view realm_list = "/api/v1/realms";
constexpr std::string_view type_list = "/event-types";
constexpr std::string_view built_in_list = "/api/v1/event-types";
constexpr std::string_view context_list = "contexts";
constexpr std::string_view permission_list = "permissions";

constexpr Source sources[] = {{"WEBHOOK", "/webhooks", "name"},
                              {"--webhook", "/webhooks", "name"},
                              {"USER", "/users", "username"},
                              {"--user", "/users", "username"},
                              {"ROLE", "/roles", "name"},
                              {"--service-account-role", "/roles", "name"},
                              {"CLIENT", "/clients", "client_id"},
                              {"KEY", "/api-keys", "name"},
                              {"EVENT", type_list, "name"},
                              {"--event", type_list, "name"},
                              {"event-type NAME", type_list, "name"},
                              {"--realm", realm_list, "name"},
                              {"realm NAME", realm_list, "name"},
                              {"PERMISSION", permission_list, ""},
                              {"--permission", permission_list, ""},
                              {"CONTEXT", context_list, ""},
                              {"--context", context_list, ""}};

const Source* source_of(const Verb& verb, const Argument& argument) {
    if (verb.name == "create" && argument.name == "NAME") return nullptr;
    const auto in_group = std::string(verb.group) + " " + std::string(argument.name);
    for (const auto& source : sources) {
        if (source.argument == argument.name || source.argument == in_group) return &source;
    }
    return nullptr;
}

/// What was typed so far, and which argument the last word belongs to.
struct Typed {
    Given given;
    const Argument* last = nullptr;
};

Typed take_apart(const Verb& verb, const std::vector<std::string>& rest) {
    Typed typed;
    auto arguments = verb.arguments;
    std::size_t place = 0;
    auto flag_of = [&](std::string_view word) -> const Argument* {
        const auto name = word.substr(0, word.find('='));
        for (const auto* each : {&verb.arguments, &server_arguments()}) {
            for (const auto& argument : *each) {
                const bool is_letter = !argument.letter.empty() && argument.letter == name;
                if (argument.is_flag() && (argument.name == name || is_letter)) return &argument;
            }
        }
        return nullptr;
    };
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (!rest[i].starts_with('-')) {
            ++place;
            continue;
        }
        const auto* flag = flag_of(rest[i]);
        if (flag == nullptr || flag->is_switch()) continue;
        if (const auto equals = rest[i].find('='); equals != std::string::npos) {
            typed.given.add(flag->name, rest[i].substr(equals + 1));
        } else if (i + 1 < rest.size()) {
            typed.given.add(flag->name, rest[++i]);
        } else {
            typed.last = flag;
        }
    }
    for (const auto& argument : verb.arguments) {
        if (typed.last != nullptr) break;
        if (argument.is_flag()) continue;
        const bool is_it = place == 0 || argument.count == Argument::Count::repeatable;
        if (is_it) typed.last = &argument;
        if (place > 0) --place;
    }
    return typed;
}

/// The names of one list, page after page until the time is up.
void add_names(Context& context, const std::string& path, std::string_view member,
               std::vector<std::string>& names) {
    const auto until = context.clock().monotonic() + all_within;
    std::optional<std::string> cursor;
    do {
        Query query;
        // Event types come in one page, which takes no parameters.
        if (!path.ends_with(type_list)) query.add("limit", std::to_string(limits::page_size_max));
        query.add("cursor", cursor);
        const auto response = context.send("GET", path + query.text());
        if (!response || response->status != 200) return;
        const auto page = json::parse(response->body, limits::json_depth_max + 8);
        const auto* items = page ? page->find("items") : nullptr;
        if (items == nullptr || items->as_array() == nullptr) return;
        for (const auto& item : *items->as_array()) names.push_back(text_of(item, member));
        auto next = text_of(*page, "next_cursor");
        cursor = next.empty() ? std::nullopt : std::optional(std::move(next));
    } while (cursor && context.clock().monotonic() < until);
}

std::vector<std::string> names_of(Context& context, const Source& source) {
    std::vector<std::string> names;
    if (source.path == context_list) {
        const auto contexts = SavedContexts::load(context.environment());
        if (!contexts) return names;
        for (const auto& each : contexts->all()) names.push_back(each.name);
        return names;
    }
    if (source.path == permission_list) {
        // Nobody may give what they do not have.
        const auto who = context.send("GET", context.in_realm("/session"));
        const auto value =
            who && who->status == 200 ? json::parse(who->body) : fail(ErrorCode::unavailable, "");
        const auto* list = value ? value->find("permissions") : nullptr;
        if (list == nullptr || list->as_array() == nullptr) return names;
        for (const auto& each : *list->as_array()) {
            if (const auto* name = each.as_string()) names.push_back(*name);
        }
        return names;
    }
    const bool is_whole = source.path.starts_with("/api");
    add_names(context, is_whole ? std::string(source.path) : context.in_realm(source.path),
              source.member, names);
    if (source.path == type_list) {
        add_names(context, std::string(built_in_list), source.member, names);
    }
    return names;
}

}  // namespace

bool has_names(const Verb& verb, const Argument& argument) {
    return source_of(verb, argument) != nullptr;
}

int complete(Context& context, const std::vector<Verb>& verbs,
             const std::vector<std::string>& typed_words) {
    if (typed_words.empty()) return exit_ok;
    std::vector<std::string> before(typed_words.begin(), typed_words.end() - 1);
    auto current = typed_words.back();
    // bash takes "--realm=acme" apart.
    std::erase(before, "=");
    if (current == "=") current.clear();
    const auto words = find_verb(verbs, before);
    if (words.verb == nullptr) return exit_ok;
    const auto typed = take_apart(*words.verb, words.rest);
    const auto* source = typed.last == nullptr ? nullptr : source_of(*words.verb, *typed.last);
    if (source == nullptr || !context.connect(typed.given)) return exit_ok;
    context.be_quick(answer_within);
    // Lists are typed with commas.
    const auto comma = current.rfind(',');
    const auto done = comma == std::string::npos ? "" : current.substr(0, comma + 1);
    const auto begin = current.substr(done.size());
    auto names = names_of(context, *source);
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    for (const auto& name : names) {
        // What would have to be escaped on a terminal cannot be typed either.
        if (name.empty() || printable(name) != name || !name.starts_with(begin)) continue;
        context.terminal().out << done << name << '\n';
    }
    return exit_ok;
}

}  // namespace postrider::cli
