#include <algorithm>
#include <functional>

#include "api/api_key_view.h"
#include "api/directory_call.h"
#include "api/list_bounds.h"
#include "api/routes.h"
#include "api/search_text.h"
#include "directory/authority.h"
#include "directory/reset_requests.h"
#include "directory/role.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using directory::Address;
using directory::ChangeKind;
using directory::KeyFate;
using directory::write_user;
using store::RoleRow;
using store::UserRow;

Answer user_answer(const UserRow& row) { return resource_answer(200, row, write_user); }

Result<void> create_user(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(const auto body, call.json());
    store::write<UserRow>(
        call.store,
        [&users = context.directory.users(), caller = caller_of(call), realm = call.realm,
         change = directory::parse_user_change(body, ChangeKind::create)](store::Transaction& tx) {
            return users.create(tx, caller, realm, change);
        },
        call.reply.with<UserRow>([realm = call.realm_name](const UserRow& row) {
            return created_answer(realm, "/users/", row, write_user);
        }));
    return {};
}

/// At most one: both names are unique.
Result<store::List<UserRow>> find_users(store::sql::Connection& sql, const RealmId& realm,
                                        const std::optional<std::string>& username,
                                        const std::optional<std::string>& email) {
    std::optional<UserRow> found;
    if (username) {
        POSTRIDER_ASSIGN(found, store::users_table::find_by_username(sql, realm, *username));
    } else {
        POSTRIDER_ASSIGN(found, store::users_table::find_by_email(sql, realm, *email));
    }
    store::List<UserRow> rows;
    if (!found) return rows;
    if (username && email) {
        POSTRIDER_ASSIGN(const auto other, store::users_table::find_by_email(sql, realm, *email));
        if (!other || other->id != found->id) return rows;
    }
    rows.push_back(std::move(*found));
    return rows;
}

Result<void> list_users(Context&, Call& call) {
    auto query = call.query();
    const auto username = query.text("username");
    const auto email = query.text("email");
    const auto typed = search_text(query);
    // Who is searched for is listed by username, and not by age.
    const Page page = typed ? query.page() : query.timed_page();
    if (typed && (username || email)) {
        query.refuse("search", "does not go with username or email; leave it or them out");
    }
    POSTRIDER_TRY(query.finish());
    using List = store::List<UserRow>;
    if (typed) {
        store::read<List>(
            call.store,
            [realm = call.realm, text = *typed, page](store::sql::Connection& sql) {
                return store::search::users(sql, realm, text, page.before_id<UserId>(),
                                            page.rows_wanted());
            },
            call.reply.with<List>([page](const List& rows) {
                return page.answer(
                    rows, [](const UserRow& row) { return row.id.uuid; }, write_user);
            }));
        return {};
    }
    store::read<List>(
        call.store,
        [realm = call.realm, username, email, page](store::sql::Connection& sql) -> Result<List> {
            if (username || email) {
                if (page.before_timed) return List{};
                return find_users(sql, realm, username, email);
            }
            std::optional<store::users_table::Position> before;
            if (page.before_timed) {
                before = {.created_at = page.before_timed->at, .id = {page.before_timed->id}};
            }
            return store::users_table::list(sql, realm, before, page.rows_wanted());
        },
        call.reply.with<List>([page](const List& rows) {
            return page.answer(
                rows,
                [](const UserRow& row) {
                    return TimedPosition{.at = row.created_at, .id = row.id.uuid};
                },
                write_user);
        }));
    return {};
}

Result<void> get_user(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<UserId>("user_id", "user"));
    POSTRIDER_TRY(call.query().finish());
    store::read<UserRow>(
        call.store,
        [realm = call.realm, id](store::sql::Connection& sql) {
            return directory::require_user(sql, realm, id);
        },
        call.reply.with<UserRow>(user_answer));
    return {};
}

Result<void> change_user(Context& context, Call& call, ChangeKind kind) {
    POSTRIDER_ASSIGN(const auto address, address_of<UserId>(call, "user_id", "user"));
    POSTRIDER_ASSIGN(const auto body, call.json());
    store::write<UserRow>(
        call.store,
        [&users = context.directory.users(), caller = caller_of(call), address,
         change = directory::parse_user_change(body, kind)](store::Transaction& tx) {
            return users.update(tx, caller, address, change);
        },
        call.reply.with<UserRow>(user_answer));
    return {};
}

Result<void> replace_user(Context& context, Call& call) {
    return change_user(context, call, ChangeKind::replace);
}

Result<void> update_user(Context& context, Call& call) {
    return change_user(context, call, ChangeKind::patch);
}

using Keys = directory::Directory::Keys;

/// ?api_keys=revoke: the keys that the users made are revoked in the same step.
Result<KeyFate> fate_of_keys(const Call& call) {
    auto query = call.query();
    const bool revokes = query.has_word("api_keys", "revoke");
    POSTRIDER_TRY(query.finish());
    return revokes ? KeyFate::revoke : KeyFate::stay;
}

/// Names the keys that somebody who is gone, or may do less now, has made.
void write_keys(json::Writer& writer, const directory::RealmIndex& realms, const Keys& keys,
                KeyFate fate) {
    writer.member("api_keys_total", keys.size());
    writer.member("api_keys_revoked", fate == KeyFate::revoke && !keys.empty());
    writer.key("api_keys");
    writer.begin_array();
    for (std::size_t i = 0; i < keys.size() && i < limits::api_keys_of_user_shown_max; ++i) {
        write_realm_api_key(writer, realms, keys[i]);
    }
    writer.end_array();
}

auto keys_answer(const Context& context, KeyFate fate) {
    return [&realms = context.directory.realms(), fate](const Keys& keys) {
        if (keys.empty()) return empty_answer();
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        write_keys(writer, realms, keys, fate);
        writer.end_object();
        return json_answer(200, std::move(out));
    };
}

Result<void> delete_user(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, changed_address_of<UserId>(call, "user_id", "user"));
    POSTRIDER_ASSIGN(const auto fate, fate_of_keys(call));
    store::write<Keys>(
        call.store,
        [&directory = context.directory, caller = caller_of(call), address,
         fate](store::Transaction& tx) { return directory.remove_user(tx, caller, address, fate); },
        call.reply.with<Keys>(keys_answer(context, fate)));
    return {};
}

Result<void> bulk_delete_users(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto fate, fate_of_keys(call));
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::ids));
    POSTRIDER_ASSIGN(auto ids, directory::parse_bulk_delete(body));
    const std::size_t count = ids.size();
    store::write<Keys>(
        call.store.essential(),
        [&directory = context.directory, caller = caller_of(call), realm = call.realm,
         ids = std::move(ids), fate](store::Transaction& tx) {
            return directory.remove_users(tx, caller, realm, ids, fate);
        },
        call.reply.with<Keys>(
            [&realms = context.directory.realms(), count, fate](const Keys& keys) {
                std::string out;
                json::Writer writer(out);
                writer.begin_object();
                writer.member("deleted", count);
                write_keys(writer, realms, keys, fate);
                writer.end_object();
                return json_answer(200, std::move(out));
            }));
    return {};
}

/// What somebody should know before they delete a user or take a role away.
Result<void> list_user_api_keys(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<UserId>("user_id", "user"));
    auto query = call.query();
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    using List = store::List<store::ApiKeyRow>;
    store::read<List>(
        call.store,
        [realm = call.realm, id, page](store::sql::Connection& sql) -> Result<List> {
            POSTRIDER_TRY(directory::require_user(sql, realm, id));
            POSTRIDER_ASSIGN(const Keys made, directory::keys_made_by(sql, {id}));
            List keys(made.begin(), made.end());
            std::ranges::sort(keys, std::ranges::greater{}, &store::ApiKeyRow::id);
            if (page.before) {
                std::erase_if(keys, [&](const auto& row) { return row.id.uuid >= *page.before; });
            }
            keys.resize(std::min(keys.size(), page.rows_wanted()));
            return keys;
        },
        call.reply.with<List>([page, &realms = context.directory.realms()](const List& keys) {
            return page.answer(
                keys, [](const auto& row) { return row.id.uuid; },
                [&](json::Writer& writer, const store::ApiKeyRow& row) {
                    write_realm_api_key(writer, realms, row);
                });
        }));
    return {};
}

Result<void> list_user_roles(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<UserId>("user_id", "user"));
    auto query = call.query();
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    using List = store::List<RoleRow>;
    store::read<List>(
        call.store,
        [realm = call.realm, id, page](store::sql::Connection& sql) -> Result<List> {
            POSTRIDER_TRY(directory::require_user(sql, realm, id));
            return store::user_roles_table::list(sql, realm, id, page.before_id<RoleId>(),
                                                 page.rows_wanted());
        },
        call.reply.with<List>([page](const List& rows) {
            return page.answer(
                rows, [](const RoleRow& row) { return row.id.uuid; }, directory::write_role);
        }));
    return {};
}

Result<void> assign_user_role(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, address_of<UserId>(call, "user_id", "user"));
    POSTRIDER_ASSIGN(const auto role, call.path_id<RoleId>("role_id", "role"));
    call.store.write(
        [&users = context.directory.users(), caller = caller_of(call), address,
         role](store::Transaction& tx) { return users.assign(tx, caller, address, role); },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

Result<void> unassign_user_role(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, changed_address_of<UserId>(call, "user_id", "user"));
    POSTRIDER_ASSIGN(const auto role, call.path_id<RoleId>("role_id", "role"));
    POSTRIDER_ASSIGN(const auto fate, fate_of_keys(call));
    store::write<Keys>(
        call.store,
        [&directory = context.directory, caller = caller_of(call), address, role,
         fate](store::Transaction& tx) {
            return directory.unassign_role(tx, caller, address, role, fate);
        },
        call.reply.with<Keys>(keys_answer(context, fate)));
    return {};
}

Result<void> list_user_credentials(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<UserId>("user_id", "user"));
    auto query = call.query();
    const bool reveals = query.has_word("reveal", "hash");
    POSTRIDER_TRY(query.finish());
    if (reveals) POSTRIDER_TRY(call.require(access::Permission::reveal_secrets));
    using List = store::List<store::CredentialRow>;
    store::read<List>(
        call.store,
        [realm = call.realm, caller = caller_of(call), id,
         reveals](store::sql::Connection& sql) -> Result<List> {
            POSTRIDER_TRY(directory::require_user(sql, realm, id));
            // Whoever has the hash can try passwords for as long as they like.
            if (reveals) POSTRIDER_TRY(directory::clear_user(sql, caller, realm, id));
            return store::credentials_table::all(sql, realm, id);
        },
        call.reply.with<List>([reveals](const List& rows) {
            auto answer = Page{}.answer(
                rows, [](const auto& row) { return row.id.uuid; },
                reveals ? directory::write_credential_and_hash : directory::write_credential);
            if (reveals) answer.headers.emplace_back("Cache-Control", "no-store");
            return answer;
        }));
    return {};
}

Result<void> delete_user_credential(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, address_of<UserId>(call, "user_id", "user"));
    POSTRIDER_ASSIGN(const auto id, call.path_id<CredentialId>("credential_id", "credential"));
    call.store.write(
        [&users = context.directory.users(), caller = caller_of(call), address,
         id](store::Transaction& tx) { return users.remove_credential(tx, caller, address, id); },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

/// A member that must be there and a string; the rest is the directory's to judge.
std::string required_string(Body& body, std::string_view name) {
    body.require(name);
    return body.string(name).value_or("");
}

Result<void> set_user_password(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, address_of<UserId>(call, "user_id", "user"));
    POSTRIDER_ASSIGN(Body body, call.json_object());
    auto password = required_string(body, "password");
    POSTRIDER_TRY(body.finish());
    context.directory.passwords().set(caller_of(call), address, std::move(password),
                                      call.reply.with([] { return empty_answer(); }));
    return {};
}

Result<void> reset_user_password(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, address_of<UserId>(call, "user_id", "user"));
    POSTRIDER_ASSIGN(Body body, call.json_object_or_empty());
    POSTRIDER_TRY(body.finish());
    const auto token = directory::make_reset_token(context.random);
    store::write<Timestamp>(
        call.store.essential(),
        [&passwords = context.directory.passwords(), caller = caller_of(call), address, token](
            store::Transaction& tx) { return passwords.begin_reset(tx, caller, address, token); },
        call.reply.with<Timestamp>([text = token.text](Timestamp expires_at) {
            std::string out;
            json::Writer writer(out);
            writer.begin_object();
            writer.member("token", text);
            writer.member("expires_at", format_rfc3339(expires_at));
            writer.end_object();
            return json_answer(200, std::move(out)).with_header("Cache-Control", "no-store");
        }));
    return {};
}

/// The same answer whoever it is for: nobody has looked yet.
Result<void> request_password_reset(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(Body body, call.json_object());
    directory::ResetRequest request{.realm = call.realm,
                                    .username = body.string("username"),
                                    .email = body.string("email"),
                                    .address = call.request.client_address,
                                    .trace = call.store.trace()};
    if (body.has("username") == body.has("email")) {
        body.refuse("username", "is required, or email; not both");
    }
    POSTRIDER_TRY(body.finish());
    POSTRIDER_TRY(context.reset_requests.add(std::move(request)));
    call.reply.send(json_answer(202, "{}"));
    return {};
}

Result<void> complete_password_reset(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(Body body, call.json_object());
    auto token = required_string(body, "token");
    auto password = required_string(body, "password");
    POSTRIDER_TRY(body.finish());
    context.directory.passwords().complete_reset(call.realm, std::move(token), std::move(password),
                                                 call.reply.with([] { return empty_answer(); }));
    return {};
}

}  // namespace

RouteList user_routes(Context& context) {
    const std::string realm = "/api/v1/realms/{realm}";
    const std::string all = realm + "/users";
    const std::string one = all + "/{user_id}";
    const std::string role = one + "/roles/{role_id}";
    const std::string credential = one + "/credentials/{credential_id}";
    constexpr std::size_t body = limits::config_body_bytes_max;
    return {
        handle(context, {"POST", all, "create_user", body}, create_user),
        handle(context, {"GET", all, "list_users"}, list_users),
        handle(context, {"POST", all + "/bulk-delete", "bulk_delete_users", body},
               bulk_delete_users),
        handle(context, {"GET", one, "get_user"}, get_user),
        handle(context, {"PUT", one, "replace_user", body}, replace_user),
        handle(context, {"PATCH", one, "update_user", body}, update_user),
        handle(context, {"DELETE", one, "delete_user"}, delete_user),
        handle(context, {"GET", one + "/roles", "list_user_roles"}, list_user_roles),
        handle(context, {"POST", role, "assign_user_role"}, assign_user_role),
        handle(context, {"DELETE", role, "unassign_user_role"}, unassign_user_role),
        handle(context, {"GET", one + "/api-keys", "list_user_api_keys"}, list_user_api_keys),
        handle(context, {"GET", one + "/credentials", "list_user_credentials"},
               list_user_credentials),
        handle(context, {"DELETE", credential, "delete_user_credential"}, delete_user_credential),
        handle(context, {"PUT", one + "/password", "set_user_password", body}, set_user_password),
        handle(context, {"POST", one + "/reset-password", "reset_user_password", body},
               reset_user_password),
        handle(context, {"POST", realm + "/reset-password", "request_password_reset", body},
               request_password_reset),
        handle(context,
               {"POST", realm + "/reset-password/complete", "complete_password_reset", body},
               complete_password_reset),
    };
}

}  // namespace postrider::api
