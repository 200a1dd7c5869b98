#include "api/authenticate.h"

#include <string_view>
#include <utility>

#include "access/api_keys.h"
#include "base/crypto.h"
#include "directory/directory.h"
#include "directory/logins.h"
#include "directory/oauth_tokens.h"
#include "model/limits.h"
#include "net/url.h"
#include "store/realm_store.h"

namespace postrider::api {

namespace {

using access::SharedPrincipal;
using Done = std::function<void(Result<SharedPrincipal>)>;

bool is_safe(const http::Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

/// A browser that says nothing of where a change comes from may be lured.
Result<void> check_session_use(const http::Request& request, const std::string& origin) {
    POSTRIDER_TRY(check_same_origin(request, origin));
    const bool is_told =
        request.header("sec-fetch-site") != nullptr || request.header("origin") != nullptr;
    if (is_safe(request) || is_told) return {};
    return fail(ErrorCode::permission_denied,
                "a change by a session needs the header Sec-Fetch-Site or Origin; programs use an "
                "API key",
                "cross-site");
}

/// Who holds a session or a token shows only once it is found: until then each is a caller of its
/// own, so that nobody who sends one of them very often takes the others' turns.
store::Turn turn_of(const std::string& credential) {
    return store::Turn::of({}, Uuid::from_bytes(sha256(credential).substr(0, 16)));
}

void note_use(Context& context, const store::SessionRow& row) {
    if (context.clock.now() - row.last_used_at < limits::session_touch_interval) return;
    store::RealmStore(context.whole_store, store::Turn::of(row.realm, row.user.uuid))
        .write([row](store::Transaction& tx) { return directory::touch_session(tx, row); },
               // A full disk: it ends somewhat earlier, and nothing else.
               [](const Result<void>&) {});
}

void find_session(Context& context, const std::string& cookie, Done done) {
    store::read<directory::OpenSession>(
        context.whole_store, turn_of(cookie),
        [cookie, now = context.clock.now(),
         master = context.directory.realms().master()](store::sql::Connection& sql) {
            return directory::find_session(sql, cookie, now, master);
        },
        [&context, done = std::move(done)](Result<directory::OpenSession> found) {
            if (!found) return done(std::unexpected(std::move(found).error()));
            note_use(context, found->row);
            done(std::move(found->principal));
        },
        store::ReadClass::first);
}

void find_access_token(Context& context, const std::string& token, Done done) {
    store::read<directory::LiveToken>(
        context.whole_store, turn_of(token),
        [token, now = context.clock.now(), master = context.directory.realms().master()](
            store::sql::Connection& sql) { return directory::find_token(sql, token, now, master); },
        [done = std::move(done)](Result<directory::LiveToken> found) {
            if (found) return done(std::move(found->principal));
            if (found.error().code == ErrorCode::not_found) return done(access::unknown_token());
            done(std::unexpected(std::move(found).error()));
        },
        store::ReadClass::first);
}

}  // namespace

std::string cookie_value(const http::Request& request, std::string_view name) {
    const std::string* header = request.header("cookie");
    std::string_view rest = header == nullptr ? std::string_view() : *header;
    while (!rest.empty()) {
        auto pair = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        while (pair.starts_with(' ')) pair.remove_prefix(1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
        return std::string(pair.substr(equals + 1));
    }
    return {};
}

std::string CookiePolicy::set(const std::string& value) const {
    std::string text = name + "=" + value + "; Path=/; HttpOnly; SameSite=Strict";
    if (is_secure) text += "; Secure";
    if (value.empty()) {
        text += "; Max-Age=0";
    } else if (lifetime > Duration{0}) {
        using std::chrono::duration_cast;
        const auto seconds = duration_cast<std::chrono::seconds>(lifetime).count();
        text += "; Max-Age=" + std::to_string(seconds);
    }
    return text;
}

std::optional<CookiePolicy> cookie_policy(const std::string& origin) {
    const auto url = net::parse_url(origin);
    if (!url) return std::nullopt;
    if (url->is_tls()) return CookiePolicy{.name = "__Host-sid", .is_secure = true};
    const bool is_local =
        url->host == "localhost" || url->host == "127.0.0.1" || url->host == "::1";
    if (!is_local) return std::nullopt;
    return CookiePolicy{.name = "sid"};
}

std::optional<CookiePolicy> device_cookie_policy(const std::string& origin) {
    const auto url = net::parse_url(origin);
    if (!url || !url->is_tls()) return std::nullopt;
    return CookiePolicy{
        .name = "__Host-device", .is_secure = true, .lifetime = limits::device_cookie_lifetime};
}

Result<void> check_same_origin(const http::Request& request, const std::string& origin) {
    if (const std::string* site = request.header("sec-fetch-site")) {
        if (*site == "same-origin" || (*site == "none" && is_safe(request))) return {};
    } else {
        const std::string* from = request.header("origin");
        const auto url = net::parse_url(origin);
        if (from == nullptr || (url && *from == url->origin())) return {};
    }
    return fail(ErrorCode::permission_denied,
                "the request comes from a page of another site; this server's own pages are at " +
                    origin + " (--public-url)",
                "cross-site");
}

void authenticate(Context& context, const http::Request& request, Done done) {
    const std::string* authorization = request.header("authorization");
    if (authorization == nullptr) {
        const std::string origin = context.settings.origin();
        const auto policy = cookie_policy(origin);
        const std::string cookie = policy ? cookie_value(request, policy->name) : "";
        if (!cookie.empty()) {
            if (auto checked = check_session_use(request, origin); !checked) {
                return done(std::unexpected(std::move(checked).error()));
            }
            return find_session(context, cookie, std::move(done));
        }
    } else if (const auto token = access::bearer_token(*authorization);
               directory::is_access_token(token)) {
        return find_access_token(context, std::string(token), std::move(done));
    }
    done(context.access.authenticate(authorization, context.clock.now()));
}

}  // namespace postrider::api
