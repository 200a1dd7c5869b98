#include <fmt/format.h>

#include "access/api_keys.h"
#include "access/bootstrap.h"
#include "api/api_key_view.h"
#include "api/directory_call.h"
#include "api/list_bounds.h"
#include "api/routes.h"
#include "base/crypto.h"
#include "directory/fields.h"
#include "directory/role.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using store::ApiKeyRow;
using store::AuditRow;

Answer key_answer(const ApiKeyRow& row) {
    std::string out;
    json::Writer writer(out);
    write_api_key(writer, row);
    return json_answer(200, std::move(out));
}

Answer made_key_answer(const std::string& realm, const ApiKeyRow& row, const std::string& key) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_api_key_members(writer, row);
    writer.member("key", key);
    writer.end_object();
    return json_answer(201, std::move(out))
        .with_header("Location", "/api/v1/realms/" + realm + "/api-keys/" + row.id.to_string());
}

/// The body of a new key; `now` is what its end must be after.
Result<ApiKeyRow> parse_key(Body body, Timestamp now) {
    ApiKeyRow row;
    body.require("name");
    body.require("permissions");
    row.name = body.string("name").value_or("");
    row.expires_at = body.time("expires_at");
    if (row.expires_at && *row.expires_at <= now) body.refuse("expires_at", "has passed already");
    if (body.has("name") && row.name.empty()) body.refuse("name", "must not be empty");
    if (auto wrong = check_text(row.name, {.characters_max = limits::name_characters_max})) {
        body.refuse("name", *std::move(wrong));
    }
    if (row.name == access::bootstrap_name)
        body.refuse("name", "is the server's own key; choose another");
    if (const json::Value* value = body.value("permissions")) {
        auto set = directory::parse_permissions(json::Value(json::Object{{"permissions", *value}}));
        if (set) {
            row.permissions = access::to_json(*set);
        } else {
            body.refuse_all(set.error().fields);
        }
    }
    POSTRIDER_TRY(body.finish());
    return row;
}

Result<void> create_api_key(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(Body body, call.json_object(bounds::permissions));
    POSTRIDER_ASSIGN(auto row, parse_key(std::move(body), context.clock.now()));
    const std::string key = access::make_api_key(context.random);
    row.realm = call.realm;
    row.hash = sha256(key);
    store::write<ApiKeyRow>(
        call.store,
        [&keys = context.directory.api_keys(), caller = caller_of(call),
         row](store::Transaction& tx) { return keys.create(tx, caller, row); },
        call.reply.with<ApiKeyRow>([key, realm = call.realm_name](const ApiKeyRow& made) {
            return made_key_answer(realm, made, key);
        }));
    return {};
}

Result<void> list_api_keys(Context&, Call& call) {
    auto query = call.query();
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    using List = store::List<ApiKeyRow>;
    store::read<List>(
        call.store,
        [realm = call.realm, page](store::sql::Connection& sql) {
            return store::api_keys_table::list(sql, realm, page.before_id<ApiKeyId>(),
                                               page.rows_wanted());
        },
        call.reply.with<List>([page](const List& rows) {
            return page.answer(
                rows, [](const ApiKeyRow& row) { return row.id.uuid; }, write_api_key);
        }));
    return {};
}

Result<void> get_api_key(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<ApiKeyId>("api_key_id", "API key"));
    POSTRIDER_TRY(call.query().finish());
    store::read<ApiKeyRow>(
        call.store,
        [realm = call.realm, id](store::sql::Connection& sql) {
            return directory::require_api_key(sql, realm, id);
        },
        call.reply.with<ApiKeyRow>(key_answer));
    return {};
}

Result<void> revoke_api_key(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<ApiKeyId>("api_key_id", "API key"));
    POSTRIDER_TRY(call.query().finish());
    call.store.write(
        [&keys = context.directory.api_keys(), caller = caller_of(call), realm = call.realm,
         id](store::Transaction& tx) { return keys.revoke(tx, caller, realm, id); },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

void write_audit(json::Writer& writer, const AuditRow& row) {
    writer.begin_object();
    writer.member("id", row.id.to_string());
    writer.member("time", format_rfc3339(row.id.time()));
    writer.key("actor");
    writer.begin_object();
    writer.member("kind", row.actor_kind);
    writer.member("id", row.actor_id);
    writer.end_object();
    writer.member("action", row.action);
    writer.member("resource_id", row.resource_id);
    writer.member_raw("detail", row.detail);
    writer.end_object();
}

Result<void> list_audit(Context&, Call& call) {
    auto query = call.query();
    store::AuditFilter filter;
    filter.action = query.text("action").value_or("");
    if (filter.action == "*") filter.action.clear();
    filter.actor_id = query.text("actor_id").value_or("");
    filter.resource_id = query.text("resource_id").value_or("");
    filter.since = query.time("since");
    filter.until = query.time("until");
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    filter.since = call.not_before_kept(filter.since);
    using List = store::List<AuditRow>;
    store::read<List>(
        call.store,
        [realm = call.realm, filter, page](store::sql::Connection& sql) {
            return store::audit_table::list(sql, realm, filter, page.before, page.rows_wanted());
        },
        call.reply.with<List>([page](const List& rows) {
            return page.answer(rows, [](const AuditRow& row) { return row.id; }, write_audit);
        }));
    return {};
}

}  // namespace

RouteList access_routes(Context& context) {
    const std::string keys = "/api/v1/realms/{realm}/api-keys";
    const std::string one = keys + "/{api_key_id}";
    return {
        handle(context, {"POST", keys, "create_api_key", limits::config_body_bytes_max},
               create_api_key),
        handle(context, {"GET", keys, "list_api_keys"}, list_api_keys),
        handle(context, {"GET", one, "get_api_key"}, get_api_key),
        handle(context, {"DELETE", one, "revoke_api_key"}, revoke_api_key),
        handle(context, {"GET", "/api/v1/realms/{realm}/audit", "list_audit"}, list_audit),
    };
}

}  // namespace postrider::api
