#include "api/call.h"
#include "api/packed_files.h"
#include "api/routes.h"

/// The console's files. Its pages are one page: what the path says is read in the browser.
namespace postrider::api {

namespace {

Result<void> get_console(Context&, Call& call) {
    return send_packed_file(call, "index.html", "no-cache");
}

Result<void> get_console_asset(Context&, Call& call) {
    // Its name has a hash of its bytes, so it never changes.
    return send_packed_file(call, "assets/" + call.request.path_parameter("asset"),
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
