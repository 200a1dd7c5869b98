#include <algorithm>

#include "api/authenticate.h"
#include "api/directory_call.h"
#include "api/routes.h"
#include "directory/directory.h"
#include "directory/fields.h"
#include "directory/logins.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using directory::LoggedIn;
using store::SessionRow;

void write_permissions(json::Writer& writer, const access::PermissionSet& permissions) {
    writer.member_raw("permissions", access::to_json(permissions));
}

void write_end(json::Writer& writer, const std::optional<Timestamp>& expires_at) {
    if (expires_at) {
        writer.member("expires_at", format_rfc3339(*expires_at));
    } else {
        writer.member_null("expires_at");
    }
}

/// Who asks and what they may do; the same shape for a session, a key and a client.
std::string who_text(access::Principal::Kind kind, const Uuid& id, const std::string& name,
                     const std::optional<UserId>& user, const std::string& realm,
                     const access::PermissionSet& permissions,
                     const std::optional<Timestamp>& expires_at) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("kind", access::to_string(kind));
    writer.member("id", id.to_string());
    writer.member("name", name);
    writer.member("realm", realm);
    if (user) {
        writer.key("user");
        writer.begin_object();
        writer.member("id", user->to_string());
        writer.member("username", name);
        writer.end_object();
    } else {
        writer.member_null("user");
    }
    write_permissions(writer, permissions);
    write_end(writer, expires_at);
    writer.end_object();
    return out;
}

void write_session(json::Writer& writer, const SessionRow& row) {
    writer.begin_object();
    writer.member("id", row.id.to_string());
    writer.member("user_id", row.user.to_string());
    writer.member("address", row.address);
    writer.member("user_agent", row.user_agent);
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("last_used_at", format_rfc3339(row.last_used_at));
    writer.member("expires_at", format_rfc3339(row.expires_at));
    writer.end_object();
}

/// What a browser says of itself, as far as it can be shown.
std::string user_agent_of(const http::Request& request) {
    const std::string* header = request.header("user-agent");
    std::string text = header == nullptr ? "" : header->substr(0, limits::user_agent_bytes_max);
    std::erase_if(text, [](unsigned char c) { return c < 0x20 || c > 0x7e; });
    return text;
}

Result<CookiePolicy> require_cookie_policy(const std::string& origin) {
    auto policy = cookie_policy(origin);
    if (policy) return *policy;
    return fail(ErrorCode::conflict,
                "nobody logs in over plain http at " + origin +
                    ", where others could read the session: give the server a certificate "
                    "(--tls-cert, --tls-key) or a proxy with TLS, and say with --public-url "
                    "https://… where it is",
                "tls-required");
}

Result<void> create_session(Context& context, Call& call) {
    const std::string origin = context.settings.origin();
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_TRY(check_same_origin(call.request, origin));
    POSTRIDER_ASSIGN(const auto policy, require_cookie_policy(origin));
    POSTRIDER_ASSIGN(Body body, call.json_object());
    directory::LoginAttempt attempt{.realm = call.realm,
                                    .username = body.string("username").value_or(""),
                                    .password = body.string("password").value_or(""),
                                    .address = call.request.client_address,
                                    .user_agent = user_agent_of(call.request)};
    const auto device_policy = device_cookie_policy(origin);
    if (device_policy) attempt.device = cookie_value(call.request, device_policy->name);
    body.require("username");
    body.require("password");
    if (count_characters(attempt.username) > limits::login_name_characters_max) {
        body.refuse("username", "is too long");
    }
    if (count_characters(attempt.password) > limits::password_characters_max) {
        body.refuse("password", "is too long");
    }
    POSTRIDER_TRY(body.finish());
    context.logins.begin(std::move(attempt), call.reply.with<LoggedIn>([policy, device_policy,
                                                                        realm = call.realm_name](
                                                                           const LoggedIn& login) {
        auto answer =
            json_answer(201, who_text(access::Principal::Kind::session, login.session.id.uuid,
                                      login.user.username, login.user.id, realm, login.permissions,
                                      login.session.expires_at));
        if (device_policy) {
            answer.headers.emplace_back("Set-Cookie", device_policy->set(login.device));
        }
        return std::move(answer)
            .with_header("Set-Cookie", policy.set(login.cookie))
            .with_header("Location",
                         "/api/v1/realms/" + realm + "/sessions/" + login.session.id.to_string());
    }));
    return {};
}

Result<void> get_current_session(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    const access::Principal& who = *call.principal;
    const auto realm = context.directory.realms().find(who.realm.to_string());
    call.reply.send(json_answer(
        200, who_text(who.kind, who.id, who.name, who.user, realm ? realm->name : call.realm_name,
                      who.permissions, who.expires_at)));
    return {};
}

Result<void> end_current_session(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    if (call.principal->kind != access::Principal::Kind::session) {
        return fail(ErrorCode::conflict,
                    "the request came with a token and not with a session: revoke an API key at "
                    "…/api-keys, an access token at …/protocol/openid-connect/revoke");
    }
    const auto policy = cookie_policy(context.settings.origin());
    call.store.write(
        [caller = caller_of(call), realm = call.principal->realm,
         id = SessionId{call.principal->id}](store::Transaction& tx) {
            return directory::end_session(tx, caller, realm, id);
        },
        call.reply.with([policy] {
            Answer answer = empty_answer();
            if (policy) answer.headers.emplace_back("Set-Cookie", policy->set(""));
            return answer;
        }));
    return {};
}

Result<void> list_sessions(Context&, Call& call) {
    auto query = call.query();
    const auto user = query.id<UserId>("user_id");
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    using List = store::List<SessionRow>;
    store::read<List>(
        call.store,
        [realm = call.realm, user, page](store::sql::Connection& sql) {
            return store::sessions_table::list(sql, realm, user, page.before_id<SessionId>(),
                                               page.rows_wanted());
        },
        call.reply.with<List>([page](const List& rows) {
            return page.answer(
                rows, [](const SessionRow& row) { return row.id.uuid; }, write_session);
        }));
    return {};
}

Result<void> get_session(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<SessionId>("session_id", "session"));
    POSTRIDER_TRY(call.query().finish());
    store::read<SessionRow>(
        call.store,
        [realm = call.realm, id](store::sql::Connection& sql) -> Result<SessionRow> {
            POSTRIDER_ASSIGN(auto row, store::sessions_table::find(sql, realm, id));
            if (!row) return Call::not_found("session", id.to_string());
            return std::move(*row);
        },
        call.reply.with<SessionRow>([](const SessionRow& row) {
            std::string out;
            json::Writer writer(out);
            write_session(writer, row);
            return json_answer(200, std::move(out));
        }));
    return {};
}

Result<void> end_session(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<SessionId>("session_id", "session"));
    POSTRIDER_TRY(call.query().finish());
    call.store.write(
        [caller = caller_of(call), realm = call.realm, id](store::Transaction& tx) {
            return directory::end_session(tx, caller, realm, id);
        },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

}  // namespace

RouteList session_routes(Context& context) {
    const std::string current = "/api/v1/realms/{realm}/session";
    const std::string all = "/api/v1/realms/{realm}/sessions";
    const std::string one = all + "/{session_id}";
    return {
        handle(context, {"POST", current, "create_session", limits::config_body_bytes_max},
               create_session),
        handle(context, {"GET", current, "get_current_session"}, get_current_session),
        handle(context, {"DELETE", current, "end_current_session"}, end_current_session),
        handle(context, {"GET", all, "list_sessions"}, list_sessions),
        handle(context, {"GET", one, "get_session"}, get_session),
        handle(context, {"DELETE", one, "end_session"}, end_session),
    };
}

}  // namespace postrider::api
