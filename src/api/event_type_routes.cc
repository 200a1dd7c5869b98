#include "api/call.h"
#include "api/routes.h"
#include "audit/record.h"
#include "events/event_types.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using store::EventTypeRow;

template <typename Types>
void write_types(json::Writer& writer, std::string_view name, const Types& types) {
    writer.key(name);
    writer.begin_array();
    for (const auto& type : types) events::write_event_type(writer, type);
    writer.end_array();
}

/// `{"items": […], "next_cursor": null}`: all at once.
std::string list_json(const store::List<EventTypeRow>& types) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_types(writer, "items", types);
    writer.member_null("next_cursor");
    if (types.unreadable > 0) writer.member("unreadable", types.unreadable);
    writer.end_object();
    return out;
}

/// The same of the catalogue, with the operational types beside the 27.
std::string catalogue_json() {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_types(writer, "items", events::built_in_types());
    write_types(writer, "operational", events::operational_types());
    writer.member_null("next_cursor");
    writer.end_object();
    return out;
}

Answer type_answer(int status, const EventTypeRow& row) {
    std::string out;
    json::Writer writer(out);
    events::write_event_type(writer, row);
    return json_answer(status, std::move(out)).with_version(row.version);
}

Answer created_answer(const std::string& realm, const EventTypeRow& row) {
    return type_answer(201, row).with_header(
        "Location", "/api/v1/realms/" + realm + "/event-types/" + row.name);
}

Result<void> record(store::Transaction& tx, const Actor& actor, const RealmId& realm,
                    std::string action, std::string name) {
    return audit::record(
        tx, actor, {.realm = realm, .action = std::move(action), .resource_id = std::move(name)});
}

Result<void> list_built_in_event_types(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    call.reply.send(json_answer(200, catalogue_json()));
    return {};
}

Result<void> list_event_types(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    using Rows = store::List<EventTypeRow>;
    store::read<Rows>(
        call.store,
        [realm = call.realm](store::sql::Connection& sql) {
            return store::event_types_table::all(sql, realm);
        },
        call.reply.with<Rows>([](const Rows& rows) { return json_answer(200, list_json(rows)); }));
    return {};
}

Result<void> get_event_type(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    store::read<EventTypeRow>(
        call.store,
        [realm = call.realm, name = call.request.path_parameter("event_type")](
            store::sql::Connection& sql) -> Result<EventTypeRow> {
            POSTRIDER_ASSIGN(auto row, store::event_types_table::find(sql, realm, name));
            if (!row) return events::no_such_type(name);
            return *std::move(row);
        },
        call.reply.with<EventTypeRow>(
            [](const EventTypeRow& row) { return type_answer(200, row); }));
    return {};
}

Result<void> create_event_type(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(auto type, events::parse_own_type(call.request.body, std::nullopt));
    store::write<EventTypeRow>(
        call.store,
        [actor = call.actor(), realm = call.realm,
         type = std::move(type)](store::Transaction& tx) -> Result<EventTypeRow> {
            POSTRIDER_ASSIGN(auto row, events::create_own_type(tx, realm, type));
            POSTRIDER_TRY(record(tx, actor, realm, "event_type.create", row.name));
            return row;
        },
        call.reply.with<EventTypeRow>([realm = call.realm_name](const EventTypeRow& row) {
            return created_answer(realm, row);
        }));
    return {};
}

Result<void> replace_event_type(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    const auto expected = call.if_match();
    POSTRIDER_ASSIGN(auto type, events::parse_own_type(call.request.body,
                                                       call.request.path_parameter("event_type")));
    store::write<events::Replaced>(
        call.store,
        [actor = call.actor(), realm = call.realm, expected,
         type = std::move(type)](store::Transaction& tx) -> Result<events::Replaced> {
            POSTRIDER_ASSIGN(auto replaced, events::replace_own_type(tx, realm, type, expected));
            if (replaced.changed) {
                POSTRIDER_TRY(record(tx, actor, realm,
                                     replaced.created ? "event_type.create" : "event_type.update",
                                     type.name));
            }
            return replaced;
        },
        call.reply.with<events::Replaced>(
            [realm = call.realm_name](const events::Replaced& replaced) {
                return replaced.created ? created_answer(realm, replaced.row)
                                        : type_answer(200, replaced.row);
            }));
    return {};
}

Result<void> delete_event_type(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    const auto expected = call.if_match();
    call.store.write(
        [actor = call.actor(), realm = call.realm, expected,
         name = call.request.path_parameter("event_type")](store::Transaction& tx) -> Result<void> {
            POSTRIDER_TRY(events::delete_own_type(tx, realm, name, expected));
            return record(tx, actor, realm, "event_type.delete", name);
        },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

}  // namespace

RouteList event_type_routes(Context& context) {
    constexpr std::size_t body = limits::config_body_bytes_max;
    const std::string types = "/api/v1/realms/{realm}/event-types";
    const std::string type = types + "/{event_type}";
    return {
        handle(context, {"GET", "/api/v1/event-types", "list_built_in_event_types"},
               list_built_in_event_types),
        handle(context, {"GET", types, "list_event_types"}, list_event_types),
        handle(context, {"POST", types, "create_event_type", body}, create_event_type),
        handle(context, {"GET", type, "get_event_type"}, get_event_type),
        handle(context, {"PUT", type, "replace_event_type", body}, replace_event_type),
        handle(context, {"DELETE", type, "delete_event_type"}, delete_event_type),
    };
}

}  // namespace postrider::api
