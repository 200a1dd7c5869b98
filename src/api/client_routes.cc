#include "api/directory_call.h"
#include "api/list_bounds.h"
#include "api/routes.h"
#include "api/search_text.h"
#include "base/encoding.h"
#include "directory/authority.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using directory::ChangeKind;
using directory::Client;
using directory::RedirectUriAddress;
using directory::SavedClient;
using directory::write_redirect_uri;
using store::RedirectUriRow;

Answer client_answer(int status, const SavedClient& saved) {
    std::string out;
    json::Writer writer(out);
    directory::write_client(writer, saved.client, saved.secret ? &*saved.secret : nullptr);
    auto answer = json_answer(status, std::move(out)).with_version(saved.client.row.version);
    if (saved.secret) answer.headers.emplace_back("Cache-Control", "no-store");
    return answer;
}

Answer changed_client(const SavedClient& saved) { return client_answer(200, saved); }

Result<void> create_client(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::client));
    store::write<SavedClient>(
        call.store,
        [&clients = context.directory.clients(), caller = caller_of(call), realm = call.realm,
         change = directory::parse_client_change(body, ChangeKind::create),
         secret = directory::make_client_secret(context.random)](store::Transaction& tx) {
            return clients.create(tx, caller, realm, change, secret);
        },
        call.reply.with<SavedClient>([realm = call.realm_name](const SavedClient& saved) {
            return client_answer(201, saved)
                .with_header("Location", "/api/v1/realms/" + realm + "/clients/" +
                                             saved.client.row.id.to_string());
        }));
    return {};
}

Result<store::List<Client>> with_service_accounts(store::sql::Connection& sql,
                                                  store::List<store::ClientRow> rows) {
    store::List<Client> clients;
    clients.unreadable = rows.unreadable;
    clients.last = rows.last;
    for (auto& row : rows) {
        POSTRIDER_ASSIGN(auto roles,
                         store::service_account_roles_table::list(sql, row.realm, row.id));
        clients.push_back({std::move(row), std::move(roles)});
    }
    return clients;
}

Result<void> list_clients(Context&, Call& call) {
    auto query = call.query();
    const auto client_id = query.text("client_id");
    const auto typed = search_text(query);
    const Page page = query.page();
    if (typed && client_id) {
        query.refuse("search", "does not go with client_id; leave one of them out");
    }
    POSTRIDER_TRY(query.finish());
    using List = store::List<Client>;
    store::read<List>(
        call.store,
        [realm = call.realm, client_id, typed, page](store::sql::Connection& sql) -> Result<List> {
            store::List<store::ClientRow> rows;
            if (typed) {
                POSTRIDER_ASSIGN(
                    rows, store::search::clients(sql, realm, *typed, page.before_id<ClientId>(),
                                                 page.rows_wanted()));
            } else if (client_id) {
                POSTRIDER_ASSIGN(auto found,
                                 store::clients_table::find_by_client_id(sql, realm, *client_id));
                if (found && !page.before) rows.push_back(std::move(*found));
            } else {
                POSTRIDER_ASSIGN(rows,
                                 store::clients_table::list(sql, realm, page.before_id<ClientId>(),
                                                            page.rows_wanted()));
            }
            return with_service_accounts(sql, std::move(rows));
        },
        call.reply.with<List>([page](const List& list) {
            return page.answer(
                list, [](const Client& client) { return client.row.id.uuid; },
                [](json::Writer& writer, const Client& client) {
                    directory::write_client(writer, client);
                });
        }));
    return {};
}

/// The client and the hash of its secret, for an export.
Answer revealed_answer(const Client& client) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    directory::write_client_members(writer, client);
    writer.member("version", client.row.version);
    if (client.row.secret_hash.empty()) {
        writer.member_null("secret_hash");
    } else {
        writer.member("secret_hash", hex_encode(client.row.secret_hash));
    }
    writer.end_object();
    return json_answer(200, std::move(out))
        .with_version(client.row.version)
        .with_header("Cache-Control", "no-store");
}

Result<void> get_client(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<ClientId>("client_id", "client"));
    auto query = call.query();
    const bool reveals = query.has_word("reveal", "secret_hash");
    POSTRIDER_TRY(query.finish());
    if (reveals) POSTRIDER_TRY(call.require(access::Permission::reveal_secrets));
    store::read<Client>(
        call.store,
        [realm = call.realm, caller = caller_of(call), id,
         reveals](store::sql::Connection& sql) -> Result<Client> {
            POSTRIDER_ASSIGN(auto client, directory::load_client(sql, realm, id));
            // Whoever gets the hash of a weak secret can do what the client may.
            if (reveals) POSTRIDER_TRY(directory::clear_client(sql, caller, client.row));
            return client;
        },
        call.reply.with<Client>([reveals](Client client) {
            if (reveals) return revealed_answer(client);
            return client_answer(200, {.client = std::move(client), .secret = {}});
        }));
    return {};
}

Result<void> change_client(Context& context, Call& call, ChangeKind kind) {
    POSTRIDER_ASSIGN(const auto address, address_of<ClientId>(call, "client_id", "client"));
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::client));
    store::write<SavedClient>(
        call.store,
        [&clients = context.directory.clients(), caller = caller_of(call), address,
         change = directory::parse_client_change(body, kind),
         secret = directory::make_client_secret(context.random)](store::Transaction& tx) {
            return clients.update(tx, caller, address, change, secret);
        },
        call.reply.with<SavedClient>(changed_client));
    return {};
}

Result<void> replace_client(Context& context, Call& call) {
    return change_client(context, call, ChangeKind::replace);
}

Result<void> update_client(Context& context, Call& call) {
    return change_client(context, call, ChangeKind::patch);
}

Result<void> delete_client(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, address_of<ClientId>(call, "client_id", "client"));
    call.store.write([&clients = context.directory.clients(), caller = caller_of(call), address](
                         store::Transaction& tx) { return clients.remove(tx, caller, address); },
                     call.reply.with([] { return empty_answer(); }));
    return {};
}

Result<void> rotate_client_secret(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, address_of<ClientId>(call, "client_id", "client"));
    POSTRIDER_ASSIGN(Body body, call.json_object_or_empty());
    POSTRIDER_TRY(body.finish());
    store::write<SavedClient>(
        call.store.essential(),
        [&clients = context.directory.clients(), caller = caller_of(call), address,
         secret = directory::make_client_secret(context.random)](store::Transaction& tx) {
            return clients.rotate_secret(tx, caller, address, secret);
        },
        call.reply.with<SavedClient>(changed_client));
    return {};
}

Result<RedirectUriAddress> uri_address_of(const Call& call) {
    POSTRIDER_ASSIGN(const auto client, call.path_id<ClientId>("client_id", "client"));
    POSTRIDER_ASSIGN(const auto address,
                     address_of<RedirectUriId>(call, "redirect_id", "redirect URI"));
    return RedirectUriAddress{call.realm, client, address.id, address.version};
}

Answer uri_answer(const RedirectUriRow& row) {
    return resource_answer(200, row, write_redirect_uri);
}

Result<void> create_redirect_uri(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(const auto client, call.path_id<ClientId>("client_id", "client"));
    POSTRIDER_ASSIGN(const auto body, call.json());
    store::write<RedirectUriRow>(
        call.store,
        [&clients = context.directory.clients(), caller = caller_of(call), realm = call.realm,
         client, change = directory::parse_redirect_uri_change(body, ChangeKind::create)](
            store::Transaction& tx) {
            return clients.create_redirect_uri(tx, caller, realm, client, change);
        },
        call.reply.with<RedirectUriRow>([realm = call.realm_name](const RedirectUriRow& row) {
            return created_answer(realm, "/clients/" + row.client.to_string() + "/redirects/", row,
                                  write_redirect_uri);
        }));
    return {};
}

Result<void> list_redirect_uris(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto client, call.path_id<ClientId>("client_id", "client"));
    auto query = call.query();
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    using List = store::List<RedirectUriRow>;
    store::read<List>(
        call.store,
        [realm = call.realm, client, page](store::sql::Connection& sql) -> Result<List> {
            POSTRIDER_TRY(directory::require_client(sql, realm, client));
            return store::redirect_uris_table::list(
                sql, realm, client, page.before_id<RedirectUriId>(), page.rows_wanted());
        },
        call.reply.with<List>([page](const List& rows) {
            return page.answer(
                rows, [](const RedirectUriRow& row) { return row.id.uuid; }, write_redirect_uri);
        }));
    return {};
}

Result<void> get_redirect_uri(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto address, uri_address_of(call));
    store::read<RedirectUriRow>(
        call.store,
        [address](store::sql::Connection& sql) {
            return directory::require_redirect_uri(sql, address);
        },
        call.reply.with<RedirectUriRow>(uri_answer));
    return {};
}

Result<void> change_redirect_uri(Context& context, Call& call, ChangeKind kind) {
    POSTRIDER_ASSIGN(const auto address, uri_address_of(call));
    POSTRIDER_ASSIGN(const auto body, call.json());
    store::write<RedirectUriRow>(
        call.store,
        [&clients = context.directory.clients(), caller = caller_of(call), address,
         change = directory::parse_redirect_uri_change(body, kind)](store::Transaction& tx) {
            return clients.update_redirect_uri(tx, caller, address, change);
        },
        call.reply.with<RedirectUriRow>(uri_answer));
    return {};
}

Result<void> replace_redirect_uri(Context& context, Call& call) {
    return change_redirect_uri(context, call, ChangeKind::replace);
}

Result<void> update_redirect_uri(Context& context, Call& call) {
    return change_redirect_uri(context, call, ChangeKind::patch);
}

Result<void> delete_redirect_uri(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, uri_address_of(call));
    call.store.write(
        [&clients = context.directory.clients(), caller = caller_of(call), address](
            store::Transaction& tx) { return clients.remove_redirect_uri(tx, caller, address); },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

}  // namespace

RouteList client_routes(Context& context) {
    const std::string all = "/api/v1/realms/{realm}/clients";
    const std::string one = all + "/{client_id}";
    const std::string uris = one + "/redirects";
    const std::string uri = uris + "/{redirect_id}";
    constexpr std::size_t body = limits::config_body_bytes_max;
    return {
        handle(context, {"POST", all, "create_client", body}, create_client),
        handle(context, {"GET", all, "list_clients"}, list_clients),
        handle(context, {"GET", one, "get_client"}, get_client),
        handle(context, {"PUT", one, "replace_client", body}, replace_client),
        handle(context, {"PATCH", one, "update_client", body}, update_client),
        handle(context, {"DELETE", one, "delete_client"}, delete_client),
        handle(context, {"POST", one + "/secret/rotate", "rotate_client_secret", body},
               rotate_client_secret),
        handle(context, {"POST", uris, "create_redirect_uri", body}, create_redirect_uri),
        handle(context, {"GET", uris, "list_redirect_uris"}, list_redirect_uris),
        handle(context, {"GET", uri, "get_redirect_uri"}, get_redirect_uri),
        handle(context, {"PUT", uri, "replace_redirect_uri", body}, replace_redirect_uri),
        handle(context, {"PATCH", uri, "update_redirect_uri", body}, update_redirect_uri),
        handle(context, {"DELETE", uri, "delete_redirect_uri"}, delete_redirect_uri),
    };
}

}  // namespace postrider::api
