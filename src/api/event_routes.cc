#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>

#include "api/call.h"
#include "api/event_list.h"
#include "api/routes.h"
#include "base/crypto.h"
#include "delivery/engine.h"
#include "events/catalogue.h"
#include "events/explain.h"
#include "events/publish_request.h"
#include "events/unknown_types.h"
#include "events/view.h"
#include "model/limits.h"
#include "model/trace.h"
#include "store/tables.h"
#include "telemetry/log.h"

namespace postrider::api {

namespace {

using store::PublishShape;

/// The Idempotency-Key of a publish, its scope and the digest of the body that it stands for.
Result<std::optional<store::IdempotencyKey>> read_idempotency_key(const Call& call) {
    const std::string* value = nullptr;
    for (const auto& [name, candidate] : call.request.headers) {
        if (name != "idempotency-key") continue;
        if (value != nullptr) {
            Error error{ErrorCode::invalid_argument, "Idempotency-Key is given more than once", {}};
            error.fields.push_back({{}, {}, "Idempotency-Key", "is given more than once"});
            return std::unexpected(std::move(error));
        }
        value = &candidate;
    }
    if (value == nullptr) return std::nullopt;
    POSTRIDER_ASSIGN(auto key, events::parse_idempotency_key(*value));
    return store::IdempotencyKey{.route = std::string(call.operation),
                                 .key = std::move(key),
                                 .body_sha256 = sha256(call.request.body)};
}

Result<void> check_built_in(const Call& call, std::span<const NewEvent> published) {
    if (call.principal->has(access::Permission::publish_builtin_events)) return {};
    for (const NewEvent& event : published) {
        if (events::find_built_in(event.type) != nullptr) {
            return call.require(access::Permission::publish_builtin_events);
        }
    }
    return {};
}

bool has_actor(std::string_view data) {
    // Most data does not even have the word in it.
    if (!data.contains("actor") && !data.contains('\\')) return false;
    const auto members = json::split_object(data, limits::json_depth_max);
    return members && std::ranges::any_of(*members, [](const json::Member& member) {
               return member.name == "actor";
           });
}

/// What only the server itself says: its own types, and who changed something.
Result<void> check_told_by_server(std::span<const NewEvent> published, PublishShape shape) {
    std::vector<FieldError> errors;
    for (std::size_t i = 0; i < published.size(); ++i) {
        if (errors.size() >= limits::field_errors_max) break;  // an answer names no more
        const NewEvent& event = published[i];
        const auto at = shape == PublishShape::single ? "#" : "#/events/" + std::to_string(i);
        if (events::is_operational(event.type)) {
            errors.push_back({at + "/event",
                              {},
                              {},
                              "is published by the server itself; use a type of the realm's own"});
        } else if (events::find_built_in(event.type) != nullptr && has_actor(event.data)) {
            errors.push_back({at + "/data/actor",
                              {},
                              {},
                              "is set by the server, in the events that the directory fires; leave "
                              "it out"});
        }
    }
    if (errors.empty()) return {};
    std::string message = errors.front().pointer + " " + errors.front().detail;
    return std::unexpected(
        Error{ErrorCode::invalid_argument, std::move(message), std::move(errors), nullptr});
}

/// In the order of the events, at most as many as one answer holds.
void add_unknown_types(Error& error, std::vector<FieldError> unknown) {
    auto place = [](const FieldError& field) {
        std::size_t number = 0;
        const std::string_view text(field.pointer);
        constexpr std::string_view prefix = "#/events/";
        if (text.starts_with(prefix)) {
            std::from_chars(text.data() + prefix.size(), text.data() + text.size(), number);
        }
        return number;
    };
    error.fields.insert(error.fields.end(), std::make_move_iterator(unknown.begin()),
                        std::make_move_iterator(unknown.end()));
    std::ranges::stable_sort(error.fields, {}, place);
    if (error.fields.size() <= limits::field_errors_max) return;
    error.message = std::to_string(error.fields.size()) +
                    " fields are wrong; the first: " + error.fields.front().pointer + " " +
                    error.fields.front().detail;
    error.fields.resize(limits::field_errors_max);
}

/// Answers a body with wrong fields: with the types that do not exist too, so that one answer names
/// everything.
Result<void> refuse_publish(Call& call, Error error) {
    // What is no JSON has no fields.
    const bool is_json =
        error.problem == nullptr || error.problem != std::string_view("malformed-json");
    auto types = is_json ? events::types_in(call.request.body) : std::vector<events::TypeAt>{};
    if (types.empty() || error.fields.size() >= limits::field_errors_max) {
        return std::unexpected(std::move(error));
    }
    using Names = std::vector<std::string>;
    store::read<Names>(
        call.store,
        [realm = call.realm](store::sql::Connection& sql) {
            return store::event_types_table::names(sql, realm);
        },
        [reply = call.reply, error = std::move(error),
         types = std::move(types)](const Result<Names>& own) {
            Error all = error;
            // Without them the rest of what is wrong is still true.
            if (own) add_unknown_types(all, events::unknown_types(types, *own));
            reply.send(std::unexpected(std::move(all)));
        });
    return {};
}

void log_accepted(const Reply::About& request, const EventId& first, std::size_t count) {
    if (!log::enabled(LogLevel::debug)) return;
    log::debug("events", "accepted",
               {{"request", request.id},
                {"realm", request.realm},
                {"event", first},
                {"events", count},
                {"trace", trace::id(request.trace)}});
}

Result<void> publish(Context& context, Call& call, PublishShape shape) {
    POSTRIDER_TRY(call.query().finish());
    store::PublishWork work;
    work.realm = call.realm;
    work.shape = shape;
    const events::PublishLimits publish_limits{
        .payload_bytes_max = context.settings.payload_bytes_max, .now = context.clock.now()};
    if (shape == PublishShape::single) {
        auto event = events::parse_publish(call.request.body, publish_limits);
        if (!event) return refuse_publish(call, std::move(event).error());
        work.events.push_back(*std::move(event));
    } else {
        auto batch = events::parse_batch(call.request.body, publish_limits);
        if (!batch) return refuse_publish(call, std::move(batch).error());
        work.events = *std::move(batch);
    }
    POSTRIDER_TRY(check_built_in(call, work.events));
    POSTRIDER_TRY(check_told_by_server(work.events, shape));
    POSTRIDER_ASSIGN(work.key, read_idempotency_key(call));
    work.done = [reply = call.reply,
                 count = work.events.size()](Result<store::PublishAnswer> published) {
        if (!published) return reply.send(std::unexpected(std::move(published).error()));
        if (!published->replayed) log_accepted(reply.about(), published->first, count);
        Answer answer = json_answer(202, std::move(published->body));
        if (published->replayed) answer.headers.emplace_back("Idempotent-Replayed", "true");
        if (!published->when_written) return reply.send(std::move(answer));
        // Who asks for the deliveries after the 202 finds them, and who publishes on and on goes no
        // faster than they are written.
        published->when_written([reply, answer] { reply.send(answer); });
    };
    call.store.publish(std::move(work));
    return {};
}

Result<void> publish_event(Context& context, Call& call) {
    return publish(context, call, PublishShape::single);
}

Result<void> publish_events(Context& context, Call& call) {
    return publish(context, call, PublishShape::batch);
}

Result<void> list_events(Context& context, Call& call) {
    auto query = call.query();
    store::EventFilter filter;
    filter.type = query.text("event").value_or("");
    if (filter.type == "*") filter.type.clear();
    filter.resource_id = query.id<ResourceId>("resource_id");
    filter.since = query.time("since");
    filter.until = query.time("until");
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    filter.since = call.not_before_kept(filter.since);
    answer_events(context, call, filter, page);
    return {};
}

std::string counts_json(const store::deliveries_table::StateCounts& counts) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("pending", counts.pending);
    writer.member("delivered", counts.delivered);
    writer.member("failed", counts.failed);
    writer.member("cancelled", counts.cancelled);
    writer.end_object();
    return out;
}

Result<void> require_kept(store::sql::Connection& sql, const RealmId& realm, const EventId& id,
                          Timestamp since) {
    POSTRIDER_ASSIGN(const bool is_kept, store::events_table::is_kept(sql, realm, id, since));
    if (!is_kept) return Call::not_found("event", id.to_string());
    return {};
}

/// The JSON of one event with its deliveries counted.
Result<std::string> read_event(store::sql::Connection& sql, const RealmId& realm, const EventId& id,
                               Timestamp kept_since) {
    POSTRIDER_TRY(require_kept(sql, realm, id, kept_since));
    POSTRIDER_ASSIGN(auto row, store::events_table::find(sql, realm, id));
    if (!row) return Call::not_found("event", id.to_string());
    POSTRIDER_ASSIGN(auto counts, store::deliveries_table::count_by_state(sql, realm, id));
    std::string out;
    json::Writer writer(out);
    events::write_event(writer, *row, counts_json(counts));
    return out;
}

Result<void> get_event(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<EventId>("event_id", "event"));
    POSTRIDER_TRY(call.query().finish());
    store::read<std::string>(
        call.store,
        [realm = call.realm, id, kept_since = call.kept_since](store::sql::Connection& sql) {
            return read_event(sql, realm, id, kept_since);
        },
        call.reply.with<std::string>(
            [](std::string json) { return json_answer(200, std::move(json)); }));
    return {};
}

Result<void> explain_event(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<EventId>("event_id", "event"));
    POSTRIDER_TRY(call.query().finish());
    using Items = std::vector<events::Explanation>;
    store::read<Items>(
        call.store,
        [realm = call.realm, id, kept_since = call.kept_since,
         due_ahead =
             context.engine.counts().due_ahead](store::sql::Connection& sql) -> Result<Items> {
            POSTRIDER_TRY(require_kept(sql, realm, id, kept_since));
            return events::explain(sql, realm, id, due_ahead);
        },
        call.reply.with<Items>([id](const Items& items) {
            return json_answer(200, events::explanation_json(id, items));
        }));
    return {};
}

}  // namespace

RouteList event_routes(Context& context) {
    const std::string path = "/api/v1/realms/{realm}/events";
    const std::size_t one = context.settings.payload_bytes_max + limits::envelope_bytes_max;
    RouteList routes{
        handle(context, {"POST", path, "publish_event", one}, publish_event),
        handle(context, {"POST", path + "/batch", "publish_events", limits::batch_body_bytes_max},
               publish_events),
        handle(context, {"GET", path, "list_events"}, list_events),
        handle(context, {"GET", path + "/{event_id}", "get_event"}, get_event),
        handle(context, {"GET", path + "/{event_id}/explain", "explain_event"}, explain_event),
    };
    RouteList types = event_type_routes(context);
    routes.insert(routes.end(), std::make_move_iterator(types.begin()),
                  std::make_move_iterator(types.end()));
    return routes;
}

}  // namespace postrider::api
