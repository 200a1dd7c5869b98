#include <algorithm>

#include "api/feed_call.h"
#include "api/routes.h"
#include "audit/record.h"
#include "events/pattern.h"
#include "store/tables.h"
#include "webhooks/webhook.h"

/// Those who read the log by name, whose position is kept.
namespace postrider::api {

namespace {

using store::ConsumerRow;
using store::FeedOrder;
using store::sql::Connection;

/// A consumer for showing.
struct ConsumerView {
    ConsumerRow row;
    store::feed_table::Behind behind;
};
struct Put {
    ConsumerView view;
    bool is_new = false;
};

Result<ConsumerView> view_of(Connection& sql, FeedOrder order, ConsumerRow row,
                             Timestamp kept_since) {
    POSTRIDER_ASSIGN(const auto place,
                     store::feed_table::in_order(sql, order, row.realm, row.place, row.seen_at));
    POSTRIDER_ASSIGN(const auto behind,
                     store::feed_table::behind(sql, order, row.realm, place, kept_since));
    return ConsumerView{.row = std::move(row), .behind = behind};
}

void write_consumer(json::Writer& writer, const ConsumerView& view) {
    const ConsumerRow& row = view.row;
    writer.begin_object();
    writer.member("name", row.name);
    writer.member_raw("events", row.events);
    writer.member("position", feed::encode(row.realm, {row.place, row.seen_at}));
    writer.member("behind", view.behind.count);
    if (view.behind.since) {
        writer.member("behind_since", format_rfc3339(*view.behind.since));
    } else {
        writer.member_null("behind_since");
    }
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("updated_at", format_rfc3339(row.updated_at));
    writer.end_object();
}

Answer consumer_answer(int status, const ConsumerView& view) {
    std::string out;
    json::Writer writer(out);
    write_consumer(writer, view);
    return json_answer(status, std::move(out));
}

Result<std::string> name_of(const Call& call) {
    const std::string& name = call.request.path_parameter("consumer");
    const bool is_plain = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
    if (is_plain && name.size() <= limits::consumer_name_bytes_max) return name;
    return fail(ErrorCode::invalid_argument,
                "a consumer's name has 1 to " + std::to_string(limits::consumer_name_bytes_max) +
                    " letters, digits, dots, hyphens and underscores; choose another");
}

Result<ConsumerRow> require_consumer(Connection& sql, const RealmId& realm,
                                     const std::string& name) {
    POSTRIDER_ASSIGN(auto row, store::consumers_table::find(sql, realm, name));
    if (!row) return Call::not_found("consumer", name);
    return *std::move(row);
}

Result<void> list_consumers(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    using Views = store::List<ConsumerView>;
    store::read<Views>(
        call.store,
        [order = store::feed_order(context.whole_store), realm = call.realm,
         kept_since = call.kept_since](Connection& sql) -> Result<Views> {
            POSTRIDER_ASSIGN(auto rows, store::consumers_table::list(
                                            sql, realm, "", limits::consumers_per_realm_max));
            Views views;
            views.unreadable = rows.unreadable;
            for (ConsumerRow& row : rows) {
                POSTRIDER_ASSIGN(auto view, view_of(sql, order, std::move(row), kept_since));
                views.push_back(std::move(view));
            }
            return views;
        },
        call.reply.with<Views>([](const Views& views) {
            std::string out;
            json::Writer writer(out);
            writer.begin_object();
            writer.key("items");
            writer.begin_array();
            for (const ConsumerView& view : views) write_consumer(writer, view);
            writer.end_array();
            writer.member_null("next_cursor");
            if (views.unreadable > 0) writer.member("unreadable", views.unreadable);
            writer.end_object();
            return json_answer(200, std::move(out));
        }));
    return {};
}

Result<void> get_consumer(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    store::read<ConsumerView>(
        call.store,
        [order = store::feed_order(context.whole_store), realm = call.realm,
         kept_since = call.kept_since,
         name = call.request.path_parameter("consumer")](Connection& sql) -> Result<ConsumerView> {
            POSTRIDER_ASSIGN(auto row, require_consumer(sql, realm, name));
            return view_of(sql, order, std::move(row), kept_since);
        },
        call.reply.with<ConsumerView>(
            [](const ConsumerView& view) { return consumer_answer(200, view); }));
    return {};
}

/// What a PUT says.
struct Wanted {
    std::string name;
    std::optional<std::vector<std::string>> events;
    std::optional<FeedPoint> point;
};

/// nullopt: it is none.
std::optional<std::vector<std::string>> strings_of(const json::Value& value) {
    const json::Array* items = value.as_array();
    if (items == nullptr || items->empty() || items->size() > limits::webhook_events_count_max) {
        return std::nullopt;
    }
    std::vector<std::string> strings;
    for (const json::Value& item : *items) {
        if (item.as_string() == nullptr) return std::nullopt;
        strings.push_back(*item.as_string());
    }
    return strings;
}

Result<Wanted> read_wanted(const Call& call) {
    Wanted wanted;
    POSTRIDER_ASSIGN(wanted.name, name_of(call));
    POSTRIDER_ASSIGN(auto body, call.json_object_or_empty());
    if (const json::Value* value = body.value("events")) {
        if (auto strings = strings_of(*value)) {
            wanted.events = *std::move(strings);
        } else {
            body.refuse("events", "must be a list of 1 to " +
                                      std::to_string(limits::webhook_events_count_max) +
                                      " event types, prefixes such as \"user.*\", or \"*\"");
        }
    }
    if (const auto text = body.string("position")) {
        const auto parsed = parse_feed_point(call.realm, *text);
        if (!parsed) body.refuse("position", parsed.error().message);
        wanted.point = parsed.value_or(FeedPoint{});
    }
    POSTRIDER_TRY(body.finish());
    return wanted;
}

Result<void> check_room(Connection& sql, const RealmId& realm) {
    POSTRIDER_ASSIGN(const auto count, store::consumers_table::count(sql, realm));
    if (count < static_cast<std::int64_t>(limits::consumers_per_realm_max)) return {};
    return fail(ErrorCode::conflict,
                "This realm has " + std::to_string(limits::consumers_per_realm_max) +
                    " consumers, the most that a realm may have; delete one first.");
}

Result<Put> put(store::Transaction& tx, FeedOrder order, const RealmId& realm, const Actor& actor,
                const Wanted& wanted, Timestamp kept_since) {
    if (wanted.events) POSTRIDER_TRY(events::check_patterns(tx.sql(), realm, *wanted.events));
    POSTRIDER_ASSIGN(auto found, store::consumers_table::find(tx.sql(), realm, wanted.name));
    Put put{.view = {}, .is_new = !found};
    if (!found) {
        POSTRIDER_TRY(check_room(tx.sql(), realm));
        found.emplace();
        found->realm = realm;
        found->name = wanted.name;
        found->created_at = tx.now();
    }
    if (put.is_new || wanted.events) {
        found->events = webhooks::to_json(wanted.events.value_or(std::vector<std::string>{"*"}));
    }
    found->updated_at = tx.now();
    if (put.is_new || wanted.point) {
        const FeedPoint newest{.kind = FeedPoint::Kind::newest, .position = {}};
        POSTRIDER_ASSIGN(
            const auto position,
            find_feed_point(tx.sql(), order, realm, wanted.point.value_or(newest), tx.now()));
        found->place = position.place;
        found->seen_at = position.seen_at;
    }
    POSTRIDER_TRY(store::consumers_table::put(tx, *found));
    POSTRIDER_TRY(audit::record(tx, actor,
                                {.realm = realm,
                                 .action = put.is_new ? "consumer.create" : "consumer.update",
                                 .resource_id = wanted.name}));
    POSTRIDER_ASSIGN(put.view, view_of(tx.sql(), order, *std::move(found), kept_since));
    return put;
}

Result<void> put_consumer(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(auto wanted, read_wanted(call));
    store::write<Put>(
        call.store,
        [order = store::feed_order(context.whole_store), realm = call.realm, actor = call.actor(),
         wanted = std::move(wanted), kept_since = call.kept_since](store::Transaction& tx) {
            return put(tx, order, realm, actor, wanted, kept_since);
        },
        call.reply.with<Put>([realm = call.realm_name](const Put& put) {
            if (!put.is_new) return consumer_answer(200, put.view);
            return Answer(consumer_answer(201, put.view))
                .with_header("Location",
                             "/api/v1/realms/" + realm + "/consumers/" + put.view.row.name);
        }));
    return {};
}

Result<void> delete_consumer(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    call.store.write(
        [actor = call.actor(), realm = call.realm,
         name = call.request.path_parameter("consumer")](store::Transaction& tx) -> Result<void> {
            POSTRIDER_ASSIGN(const bool removed, store::consumers_table::remove(tx, realm, name));
            if (!removed) return Call::not_found("consumer", name);
            return audit::record(
                tx, actor, {.realm = realm, .action = "consumer.delete", .resource_id = name});
        },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

/// What a consumer reads; nothing for everything.
Result<std::vector<std::string>> patterns_of(const store::ConsumerRow& row) {
    POSTRIDER_ASSIGN(auto patterns, webhooks::parse_words(row.events));
    if (std::ranges::find(patterns, "*") != patterns.end()) patterns.clear();
    return patterns;
}

Result<void> read_consumer_events(Context& context, Call& call) {
    auto query = call.query();
    const FeedBounds bounds = feed_bounds(query);
    POSTRIDER_TRY(query.finish());
    answer_feed(
        context, call, {},
        [realm = call.realm, name = call.request.path_parameter("consumer")](
            Connection& sql) -> Result<feed::Feed::Start> {
            POSTRIDER_ASSIGN(const auto row, require_consumer(sql, realm, name));
            POSTRIDER_ASSIGN(auto patterns, patterns_of(row));
            return feed::Feed::Start{.after = {row.place, row.seen_at},
                                     .patterns = std::move(patterns)};
        },
        bounds);
    return {};
}

/// What a commit came to: a position that is behind changes nothing.
struct Committed {
    ConsumerRow row;
    bool is_behind = false;
};

Result<Committed> commit(store::Transaction& tx, FeedOrder order, const RealmId& realm,
                         const std::string& name, const FeedPoint& point) {
    Committed committed;
    POSTRIDER_ASSIGN(committed.row, require_consumer(tx.sql(), realm, name));
    ConsumerRow& row = committed.row;
    POSTRIDER_ASSIGN(const auto position, find_feed_point(tx.sql(), order, realm, point, tx.now()));
    POSTRIDER_ASSIGN(const auto kept,
                     store::feed_table::in_order(tx.sql(), order, realm, row.place, row.seen_at));
    committed.is_behind = position.place < kept;
    const bool is_known = position.place == kept && position.seen_at <= row.seen_at;
    if (committed.is_behind || is_known) return committed;
    row.place = position.place;
    row.seen_at = std::max(row.seen_at, position.seen_at);
    row.updated_at = tx.now();
    POSTRIDER_TRY(store::consumers_table::move(tx, row));
    return committed;
}

Result<void> commit_consumer(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(auto body, call.json_object());
    body.require("position");
    FeedPoint point;
    if (const auto text = body.string("position")) {
        const auto parsed = parse_feed_point(call.realm, *text);
        if (!parsed || *text == "oldest" || *text == "newest") {
            body.refuse("position", "must be the position of an event or of an answer, as it is");
        }
        point = parsed.value_or(FeedPoint{});
    }
    POSTRIDER_TRY(body.finish());
    store::write<Committed>(
        call.store,
        [order = store::feed_order(context.whole_store), realm = call.realm, point,
         name = call.request.path_parameter("consumer")](store::Transaction& tx) {
            return commit(tx, order, realm, name, point);
        },
        call.reply.with<Committed>([reply = call.reply](const Committed& committed) {
            const ConsumerRow& row = committed.row;
            const std::string kept = feed::encode(row.realm, {row.place, row.seen_at});
            if (!committed.is_behind) return json_answer(200, R"({"position":")" + kept + R"("})");
            return reply.problem(
                {ErrorCode::conflict,
                 "A later position of the consumer \"" + row.name +
                     "\" is kept already; nothing was changed. Go on from committed_position.",
                 {},
                 "position-behind"},
                {"committed_position", kept});
        }));
    return {};
}

}  // namespace

RouteList consumer_routes(Context& context) {
    const std::string consumers = "/api/v1/realms/{realm}/consumers";
    const std::string consumer = consumers + "/{consumer}";
    constexpr std::size_t body = limits::config_body_bytes_max;
    return {
        handle(context, {"GET", consumers, "list_consumers"}, list_consumers),
        handle(context, {"GET", consumer, "get_consumer"}, get_consumer),
        handle(context, {"PUT", consumer, "put_consumer", body},
               with_oldest_position(put_consumer)),
        handle(context, {"DELETE", consumer, "delete_consumer"}, delete_consumer),
        handle(context, {"GET", consumer + "/events", "read_consumer_events"},
               with_oldest_position(read_consumer_events)),
        handle(context, {"POST", consumer + "/commit", "commit_consumer", body},
               with_oldest_position(commit_consumer)),
    };
}

}  // namespace postrider::api
