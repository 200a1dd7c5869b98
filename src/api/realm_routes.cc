#include "api/directory_call.h"
#include "api/list_bounds.h"
#include "api/routes.h"
#include "directory/directory.h"
#include "directory/realm.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using store::RealmRow;

Answer realm_answer(int status, const RealmRow& row) {
    std::string out;
    json::Writer writer(out);
    directory::write_realm(writer, row);
    return json_answer(status, std::move(out)).with_version(row.version);
}

Result<void> create_realm(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    if (!call.principal->of_master) {
        return fail(ErrorCode::permission_denied, "only keys of the realm master create realms");
    }
    POSTRIDER_ASSIGN(Body body, call.json_object());
    body.require("name");
    directory::NewRealm realm{.name = body.string("name").value_or(""),
                              .display_name = body.string("display_name").value_or("")};
    POSTRIDER_TRY(body.finish());
    context.directory.create_realm(call.store, call.actor(), std::move(realm),
                                   call.reply.with<RealmRow>([](const RealmRow& row) {
                                       return realm_answer(201, row).with_header(
                                           "Location", "/api/v1/realms/" + row.name);
                                   }));
    return {};
}

/// A key of another realm than master sees its own realm.
Result<store::List<RealmRow>> visible_realms(store::sql::Connection& sql,
                                             const access::Principal& principal, const Page& page) {
    if (principal.of_master) {
        return store::realms_table::list(sql, page.before_id<RealmId>(), page.rows_wanted());
    }
    POSTRIDER_ASSIGN(auto own, store::realms_table::find(sql, principal.realm));
    if (!own || page.before) return store::List<RealmRow>{};
    return store::List<RealmRow>{std::move(*own)};
}

Result<void> list_realms(Context&, Call& call) {
    auto query = call.query();
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    store::read<store::List<RealmRow>>(
        call.store,
        [principal = call.principal, page](store::sql::Connection& sql) {
            return visible_realms(sql, *principal, page);
        },
        call.reply.with<store::List<RealmRow>>([page](const store::List<RealmRow>& rows) {
            return page.answer(
                rows, [](const RealmRow& row) { return row.id.uuid; }, directory::write_realm);
        }));
    return {};
}

Result<void> get_realm(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    store::read<RealmRow>(
        call.store,
        [id = call.realm, name = call.realm_name](store::sql::Connection& sql) -> Result<RealmRow> {
            POSTRIDER_ASSIGN(auto row, store::realms_table::find(sql, id));
            if (!row) return Call::not_found("realm", name);
            return std::move(*row);
        },
        call.reply.with<RealmRow>([](const RealmRow& row) { return realm_answer(200, row); }));
    return {};
}

Result<void> change_realm(Context& context, Call& call, directory::ChangeKind kind) {
    POSTRIDER_TRY(call.query().finish());
    const auto expected = call.if_match();
    POSTRIDER_ASSIGN(Body body, call.json_object());
    directory::RealmChange change;
    if (const json::Value* name = body.value("display_name"); name != nullptr && name->is_null()) {
        change.display_name = "";
    } else {
        change.display_name = body.string("display_name");
        if (name == nullptr && kind == directory::ChangeKind::replace) change.display_name = "";
    }
    const auto name = body.string("name");
    if (name && *name != call.realm_name) body.refuse("name", "is fixed: a realm keeps its name");
    POSTRIDER_TRY(body.finish());
    context.directory.update_realm(
        call.store, call.actor(), call.realm, std::move(change), expected,
        call.reply.with<RealmRow>([](const RealmRow& row) { return realm_answer(200, row); }));
    return {};
}

Result<void> replace_realm(Context& context, Call& call) {
    return change_realm(context, call, directory::ChangeKind::replace);
}

Result<void> update_realm(Context& context, Call& call) {
    return change_realm(context, call, directory::ChangeKind::patch);
}

Result<void> delete_realm(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    const auto version = call.if_match();
    if (!call.principal->of_master) {
        return fail(ErrorCode::permission_denied, "only the realm master deletes realms");
    }
    call.store.write(
        [&directory = context.directory, caller = caller_of(call),
         address = directory::Address<RealmId>{call.realm, call.realm, version}](
            store::Transaction& tx) { return directory.delete_realm(tx, caller, address); },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

Answer settings_answer(const directory::VersionedSettings& versioned) {
    return json_answer(200, directory::settings_json(versioned.settings))
        .with_version(versioned.version);
}

Result<void> get_settings(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    store::read<directory::VersionedSettings>(
        call.store,
        [&directory = context.directory, realm = call.realm](store::sql::Connection& sql) {
            return directory.settings(sql, realm);
        },
        call.reply.with<directory::VersionedSettings>(settings_answer));
    return {};
}

Result<void> change_settings(Context& context, Call& call, directory::ChangeKind kind) {
    POSTRIDER_TRY(call.query().finish());
    const auto version = call.if_match();
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::settings));
    store::write<directory::VersionedSettings>(
        call.store,
        [&directory = context.directory, caller = caller_of(call),
         address = directory::Address<RealmId>{call.realm, call.realm, version},
         change = directory::parse_settings_change(body, kind)](store::Transaction& tx) {
            return directory.update_settings(tx, caller, address, change);
        },
        call.reply.with<directory::VersionedSettings>(settings_answer));
    return {};
}

Result<void> replace_settings(Context& context, Call& call) {
    return change_settings(context, call, directory::ChangeKind::replace);
}

Result<void> update_settings(Context& context, Call& call) {
    return change_settings(context, call, directory::ChangeKind::patch);
}

/// Beside manage_users, which every import needs.
Result<void> require_rights(const access::Principal& principal, const directory::ImportPart& part) {
    using access::Permission;
    if (!part.roles.empty()) POSTRIDER_TRY(principal.require(Permission::manage_roles));
    if (!part.clients.empty() || !part.service_accounts.empty()) {
        POSTRIDER_TRY(principal.require(Permission::manage_clients));
    }
    if (!part.events) POSTRIDER_TRY(principal.require(Permission::manage_realms));
    return {};
}

Answer import_answer(const directory::ImportCount& count) {
    json::Array left_out;
    for (const auto& [pointer, detail] : count.left_out) {
        left_out.emplace_back(json::Object{{"pointer", pointer}, {"detail", detail}});
    }
    return json_answer(200, json::Value(json::Object{{"created", json::Value(count.created)},
                                                     {"existing", json::Value(count.existing)},
                                                     {"left_out", std::move(left_out)}}));
}

Result<void> import_part(Context& context, Call& call) {
    using directory::ImportCount;
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::import_part));
    POSTRIDER_ASSIGN(auto part, directory::parse_import_part(body, context.random));
    POSTRIDER_TRY(require_rights(*call.principal, part));
    if (part.dry_run && !part.compare) {
        call.reply.send(import_answer({.left_out = std::move(part.left_out)}));
        return {};
    }
    store::write<ImportCount>(
        call.store,
        [&importer = context.directory.importer(), caller = caller_of(call), realm = call.realm,
         part = std::move(part)](store::Transaction& tx) {
            return importer.run(tx, caller, realm, part);
        },
        call.reply.with<ImportCount>(import_answer));
    return {};
}

}  // namespace

RouteList realm_routes(Context& context) {
    constexpr std::size_t body = limits::config_body_bytes_max;
    const std::string one = "/api/v1/realms/{realm}";
    const std::string settings = one + "/settings";
    return {
        handle(context, {"GET", "/api/v1/realms", "list_realms"}, list_realms),
        handle(context, {"POST", "/api/v1/realms", "create_realm", body}, create_realm),
        handle(context, {"GET", one, "get_realm"}, get_realm),
        handle(context, {"PUT", one, "replace_realm", body}, replace_realm),
        handle(context, {"PATCH", one, "update_realm", body}, update_realm),
        handle(context, {"DELETE", one, "delete_realm"}, delete_realm),
        handle(context, {"GET", settings, "get_realm_settings"}, get_settings),
        handle(context, {"PUT", settings, "replace_realm_settings", body}, replace_settings),
        handle(context, {"PATCH", settings, "update_realm_settings", body}, update_settings),
        handle(context,
               {"POST", one + "/import", "import_realm_part", limits::import_body_bytes_max},
               import_part),
    };
}

}  // namespace postrider::api
