#include "api/directory_call.h"
#include "api/list_bounds.h"
#include "api/routes.h"
#include "api/search_text.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using directory::ChangeKind;
using directory::RoleAddress;
using directory::write_role;
using store::RoleRow;

/// Roles are the realm's, or below …/clients/{client_id} the client's.
Result<std::optional<ClientId>> client_of(const Call& call) {
    for (const auto& [name, value] : call.request.path_parameters) {
        if (name == "client_id") return call.path_id<ClientId>("client_id", "client");
    }
    return std::nullopt;
}

Result<RoleAddress> role_address_of(const Call& call) {
    POSTRIDER_ASSIGN(const auto client, client_of(call));
    POSTRIDER_ASSIGN(const auto address, address_of<RoleId>(call, "role_id", "role"));
    return RoleAddress{call.realm, client, address.id, address.version};
}

Answer role_answer(const RoleRow& row) { return resource_answer(200, row, write_role); }

Result<void> create_role(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(const auto client, client_of(call));
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::permissions));
    const std::string below = client ? "/clients/" + client->to_string() + "/roles/" : "/roles/";
    store::write<RoleRow>(
        call.store,
        [&roles = context.directory.roles(), caller = caller_of(call), realm = call.realm, client,
         change = directory::parse_role_change(body, ChangeKind::create)](store::Transaction& tx) {
            return roles.create(tx, caller, realm, client, change);
        },
        call.reply.with<RoleRow>([realm = call.realm_name, below](const RoleRow& row) {
            return created_answer(realm, below, row, write_role);
        }));
    return {};
}

Result<void> list_roles(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto client, client_of(call));
    auto query = call.query();
    const auto typed = search_text(query);
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    using List = store::List<RoleRow>;
    store::read<List>(
        call.store,
        [realm = call.realm, client, typed, page](store::sql::Connection& sql) -> Result<List> {
            if (client) POSTRIDER_TRY(directory::require_client(sql, realm, *client));
            if (typed) {
                return store::search::roles(sql, realm, client, *typed, page.before_id<RoleId>(),
                                            page.rows_wanted());
            }
            return store::roles_table::list(sql, realm, client, page.before_id<RoleId>(),
                                            page.rows_wanted());
        },
        call.reply.with<List>([page](const List& rows) {
            return page.answer(rows, [](const RoleRow& row) { return row.id.uuid; }, write_role);
        }));
    return {};
}

Result<void> get_role(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto address, role_address_of(call));
    store::read<RoleRow>(
        call.store,
        [address](store::sql::Connection& sql) {
            return directory::require_role(sql, address.realm, address.client, address.id);
        },
        call.reply.with<RoleRow>(role_answer));
    return {};
}

Result<void> change_role(Context& context, Call& call, ChangeKind kind) {
    POSTRIDER_ASSIGN(const auto address, role_address_of(call));
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::permissions));
    store::write<RoleRow>(
        call.store,
        [&roles = context.directory.roles(), caller = caller_of(call), address,
         change = directory::parse_role_change(body, kind)](store::Transaction& tx) {
            return roles.update(tx, caller, address, change);
        },
        call.reply.with<RoleRow>(role_answer));
    return {};
}

Result<void> replace_role(Context& context, Call& call) {
    return change_role(context, call, ChangeKind::replace);
}

Result<void> update_role(Context& context, Call& call) {
    return change_role(context, call, ChangeKind::patch);
}

Result<void> delete_role(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, role_address_of(call));
    call.store.write([&roles = context.directory.roles(), caller = caller_of(call), address](
                         store::Transaction& tx) { return roles.remove(tx, caller, address); },
                     call.reply.with([] { return empty_answer(); }));
    return {};
}

Result<void> set_role_permissions(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, role_address_of(call));
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::permissions));
    POSTRIDER_ASSIGN(const auto permissions, directory::parse_permissions(body));
    store::write<RoleRow>(
        call.store,
        [&roles = context.directory.roles(), caller = caller_of(call), address,
         permissions](store::Transaction& tx) {
            return roles.set_permissions(tx, caller, address, permissions);
        },
        call.reply.with<RoleRow>(role_answer));
    return {};
}

}  // namespace

RouteList role_routes(Context& context) {
    const std::string realm = "/api/v1/realms/{realm}";
    const std::string all = realm + "/roles";
    const std::string one = all + "/{role_id}";
    const std::string all_of_client = realm + "/clients/{client_id}/roles";
    const std::string one_of_client = all_of_client + "/{role_id}";
    constexpr std::size_t body = limits::config_body_bytes_max;
    return {
        handle(context, {"POST", all, "create_role", body}, create_role),
        handle(context, {"GET", all, "list_roles"}, list_roles),
        handle(context, {"GET", one, "get_role"}, get_role),
        handle(context, {"PUT", one, "replace_role", body}, replace_role),
        handle(context, {"PATCH", one, "update_role", body}, update_role),
        handle(context, {"DELETE", one, "delete_role"}, delete_role),
        handle(context, {"PUT", one + "/permissions", "set_role_permissions", body},
               set_role_permissions),
        handle(context, {"POST", all_of_client, "create_client_role", body}, create_role),
        handle(context, {"GET", all_of_client, "list_client_roles"}, list_roles),
        handle(context, {"GET", one_of_client, "get_client_role"}, get_role),
        handle(context, {"PUT", one_of_client, "replace_client_role", body}, replace_role),
        handle(context, {"PATCH", one_of_client, "update_client_role", body}, update_role),
        handle(context, {"DELETE", one_of_client, "delete_client_role"}, delete_role),
    };
}

}  // namespace postrider::api
