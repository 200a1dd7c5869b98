#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/principal.h"
#include "api/context.h"
#include "base/result.h"
#include "base/time.h"
#include "http/server.h"

namespace postrider::api {

/// Finds out who asks: by `Authorization: Bearer` with an API key or an access token, else by the
/// session's cookie. Calls `done` once, at once or later on the store's threads; the request need
/// not live until then. Errors: unauthenticated; permission_denied "cross-site" (a page of another
/// site used the session); the store's. Thread-safety: any thread.
void authenticate(Context& context, const http::Request& request,
                  std::function<void(Result<access::SharedPrincipal>)> done);

/// How the session's cookie is called and kept: `__Host-sid` under https; `sid` where browsers
/// trust plain http, which is this machine alone. nullopt: anybody on the way could read it.
struct CookiePolicy {
    std::string name;
    bool is_secure = false;
    Duration lifetime{0};  ///< 0: until the browser is closed
    /// The value of Set-Cookie; an empty `value` takes the cookie away.
    std::string set(const std::string& value) const;
};
std::optional<CookiePolicy> cookie_policy(const std::string& origin);
/// The same of what a browser keeps that somebody has logged in with (access::Device): only under
/// https, as nothing but the prefix `__Host-` keeps neighbours from setting it.
std::optional<CookiePolicy> device_cookie_policy(const std::string& origin);
/// The first cookie of that name; empty: none. Source: RFC 6265, section 4.2.
std::string cookie_value(const http::Request& request, std::string_view name);

/// Whether a page of this origin, or no page at all, sends the request. Source: the Fetch Metadata
/// specification; RFC 6454 for Origin where a browser is too old for it.
/// Errors: permission_denied "cross-site".
Result<void> check_same_origin(const http::Request& request, const std::string& origin);

}  // namespace postrider::api
