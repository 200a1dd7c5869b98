#include "api/call.h"
#include "api/console_files.h"
#include "api/routes.h"

/// The console's files. Its pages are one page: what the path says is read in the browser.
namespace postrider::api {

namespace {

/// Nothing but what this server serves, no inline script or style, in nobody's frame.
constexpr const char* content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

bool header_has(const http::Request& request, std::string_view name, std::string_view word) {
    const std::string* value = request.header(name);
    return value != nullptr && value->find(word) != std::string::npos;
}

Result<void> send_file(Call& call, const std::string& path, const char* cache_control) {
    const auto file = find_console_file(path);
    if (!file) return Call::not_found("file", path);
    const std::string etag = '"' + std::string(file->etag) + '"';
    Answer answer;
    if (header_has(call.request, "if-none-match", etag)) {
        answer.status = 304;
        answer.content_type.clear();
    } else {
        answer.content_type = file->content_type;
        if (file->is_gzip && !header_has(call.request, "accept-encoding", "gzip")) {
            POSTRIDER_ASSIGN(answer.body, file->inflated());
        } else {
            answer.body = file->bytes;
            if (file->is_gzip) answer.headers.emplace_back("Content-Encoding", "gzip");
        }
    }
    answer.headers.emplace_back("ETag", etag);
    answer.headers.emplace_back("Vary", "Accept-Encoding");
    answer.headers.emplace_back("Cache-Control", cache_control);
    answer.headers.emplace_back("Content-Security-Policy", content_security_policy);
    answer.headers.emplace_back("Referrer-Policy", "no-referrer");
    answer.headers.emplace_back("X-Frame-Options", "DENY");
    call.reply.send(std::move(answer));
    return {};
}

Result<void> get_console(Context&, Call& call) { return send_file(call, "index.html", "no-cache"); }

Result<void> get_console_asset(Context&, Call& call) {
    // Its name has a hash of its bytes, so it never changes.
    return send_file(call, "assets/" + call.request.path_parameter("asset"),
                     "public, max-age=31536000, immutable");
}

}  // namespace

RouteList console_routes(Context& context) {
    return {
        handle(context, {"GET", "/", "get_console"}, get_console),
        handle(context, {"GET", "/console/{path*}", "get_console_page"}, get_console),
        handle(context, {"GET", "/set-password", "get_set_password_page"}, get_console),
        handle(context, {"GET", "/assets/{asset}", "get_console_asset"}, get_console_asset),
    };
}

}  // namespace postrider::api
