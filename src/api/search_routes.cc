#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "api/call.h"
#include "api/routes.h"
#include "base/nearest.h"
#include "events/catalogue.h"
#include "model/counter_limits.h"
#include "store/search.h"
#include "store/tables.h"

/// One search: an id of anything, or a part of a name, leads to the thing. Whoever asks finds what
/// they may look at.
namespace postrider::api {

namespace {

using access::Permission;
using store::search::Found;
using store::search::Kind;

struct Source {
    Kind kind;
    Permission needs;
};
/// In the order of the answer.
constexpr std::array sources{Source{Kind::webhook, Permission::view_webhooks},
                             Source{Kind::user, Permission::view_users},
                             Source{Kind::client, Permission::view_clients},
                             Source{Kind::role, Permission::view_roles},
                             Source{Kind::event_type, Permission::view_webhooks},
                             Source{Kind::api_key, Permission::view_api_keys},
                             Source{Kind::redirect_uri, Permission::view_clients},
                             Source{Kind::event, Permission::view_events},
                             Source{Kind::delivery, Permission::view_events},
                             Source{Kind::operation, Permission::view_events},
                             Source{Kind::resource, Permission::view_events}};

struct Asked {
    store::search::Text text{""};
    std::vector<Kind> kinds;
    std::size_t limit = limits::search_items_default;
};

struct FoundAll {
    std::vector<Found> items;
    bool has_more = false;
};

/// "\"usr\" is none; do you mean user? There are webhook, user, …"
std::string unknown_kind(std::string_view typed) {
    std::vector<std::string_view> words;
    words.reserve(sources.size());
    for (const Source& source : sources) words.push_back(to_string(source.kind));
    const auto meant = nearest(words, typed);
    return fmt::format("\"{}\" is none of them{}; there are {}", typed,
                       meant.empty() ? "" : fmt::format(": do you mean {}?", meant),
                       fmt::join(words, ", "));
}

std::vector<Kind> read_kinds(Query& query, const Call& call) {
    std::vector<Kind> asked;
    const auto words = query.text("kinds");
    std::string_view rest = words ? std::string_view(*words) : "";
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto kind = store::search::parse_kind(rest.substr(0, comma));
        if (!kind) {
            query.refuse("kinds", unknown_kind(rest.substr(0, comma)));
            return {};
        }
        asked.push_back(*kind);
        rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    }
    std::vector<Kind> kinds;
    for (const Source& source : sources) {
        const bool is_asked = !words || std::ranges::find(asked, source.kind) != asked.end();
        if (is_asked && call.principal->has(source.needs)) kinds.push_back(source.kind);
    }
    return kinds;
}

Asked read_asked(Query& query, const Call& call) {
    Asked asked;
    const std::string typed = query.text("q").value_or("");
    if (typed.empty() || typed.size() > limits::search_text_characters_max) {
        query.refuse("q", "must have 1 to " + std::to_string(limits::search_text_characters_max) +
                              " bytes: what to look for");
    }
    asked.text = store::search::Text(typed);
    asked.kinds = read_kinds(query, call);
    asked.limit = query.limit(limits::search_items_default, limits::search_items_max);
    return asked;
}

/// What is past its retention is not found.
Result<bool> is_shown(store::sql::Connection& sql, const RealmId& realm, const Found& found,
                      Timestamp kept_since) {
    if (found.kind == Kind::event) {
        return store::events_table::is_kept(sql, realm, EventId{found.id}, kept_since);
    }
    if (found.kind == Kind::operation) return found.id.time() >= kept_since;
    if (found.kind != Kind::delivery) return true;
    POSTRIDER_ASSIGN(const auto view,
                     store::deliveries_table::find(sql, realm, DeliveryId{found.id}));
    if (!view) return false;
    return store::events_table::is_kept(sql, realm, view->row.event, kept_since);
}

bool contains(std::string_view name, std::string_view part) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return !std::ranges::search(name, part, {}, lower, lower).empty();
}

Result<std::vector<Found>> event_types(store::sql::Connection& sql, const RealmId& realm,
                                       const Asked& asked) {
    std::vector<Found> found;
    const auto add = [&](std::string_view name, std::string_view description) {
        if (!contains(name, asked.text.typed())) return;
        found.push_back({.kind = Kind::event_type,
                         .id = {},
                         .name = std::string(name),
                         .detail = std::string(description)});
    };
    for (const events::EventType& type : events::built_in_types()) add(type.name, type.description);
    for (const auto& type : events::operational_types()) add(type.name, type.description);
    POSTRIDER_ASSIGN(const auto own, store::event_types_table::all(sql, realm));
    for (const auto& type : own) add(type.name, type.description);
    return found;
}

Result<std::vector<Found>> of_kind(store::sql::Connection& sql, const RealmId& realm, Kind kind,
                                   const Asked& asked) {
    if (kind == Kind::event_type) return event_types(sql, realm, asked);
    std::vector<Found> found;
    if (asked.text.ids()) {
        POSTRIDER_ASSIGN(found,
                         store::search::by_id(sql, realm, kind, asked.text, asked.limit + 1));
        // A whole id is one thing's, and names need not be read through for it.
        if (!found.empty() && asked.text.ids()->first == asked.text.ids()->second) return found;
    }
    POSTRIDER_ASSIGN(const auto named,
                     store::search::by_text(sql, realm, kind, asked.text, asked.limit + 1));
    for (const Found& each : named) {
        if (std::ranges::find(found, each.id, &Found::id) == found.end()) found.push_back(each);
    }
    return found;
}

/// Of every kind some, so that many of one do not hide the others.
Result<FoundAll> find(store::sql::Connection& sql, const RealmId& realm, const Asked& asked,
                      Timestamp kept_since) {
    std::vector<std::vector<Found>> by_kind;
    std::size_t longest = 0;
    for (const Kind kind : asked.kinds) {
        POSTRIDER_ASSIGN(const auto all, of_kind(sql, realm, kind, asked));
        auto& shown = by_kind.emplace_back();
        for (const Found& each : all) {
            POSTRIDER_ASSIGN(const bool may_show, is_shown(sql, realm, each, kept_since));
            if (may_show) shown.push_back(each);
        }
        longest = std::max(longest, shown.size());
    }
    FoundAll found;
    std::vector<std::size_t> taken(by_kind.size(), 0);
    for (std::size_t turn = 0; turn < longest; ++turn) {
        for (std::size_t i = 0; i < by_kind.size(); ++i) {
            if (turn >= by_kind[i].size()) continue;
            found.has_more = found.has_more || found.items.size() == asked.limit;
            if (found.items.size() < asked.limit) found.items.push_back(by_kind[i][turn]);
        }
    }
    std::ranges::stable_sort(found.items, {}, [&](const Found& each) {
        return std::ranges::find(asked.kinds, each.kind) - asked.kinds.begin();
    });
    return found;
}

Answer answer_of(const FoundAll& found) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.key("items");
    writer.begin_array();
    for (const Found& each : found.items) {
        writer.begin_object();
        writer.member("kind", store::search::to_string(each.kind));
        if (each.id.is_nil()) {
            writer.member_null("id");
        } else {
            writer.member("id", each.id.to_string());
        }
        writer.member("name", each.name);
        writer.member("detail", each.detail);
        if (each.client) writer.member("client_id", each.client->to_string());
        writer.end_object();
    }
    writer.end_array();
    writer.member("more", found.has_more);
    writer.end_object();
    return json_answer(200, std::move(out));
}

Result<void> search(Context&, Call& call) {
    auto query = call.query();
    const Asked asked = read_asked(query, call);
    POSTRIDER_TRY(query.finish());
    store::read<FoundAll>(
        call.store,
        [realm = call.realm, asked, kept_since = call.kept_since](store::sql::Connection& sql) {
            return find(sql, realm, asked, kept_since);
        },
        call.reply.with<FoundAll>(answer_of));
    return {};
}

}  // namespace

RouteList search_routes(Context& context) {
    return {handle(context, {"GET", "/api/v1/realms/{realm}/search", "search"}, search)};
}

}  // namespace postrider::api
