#pragma once

#include "api/context.h"

namespace postrider::api {

RouteList meta_routes(Context& context);
RouteList realm_routes(Context& context);
RouteList event_routes(Context& context);
RouteList webhook_routes(Context& context);
RouteList delivery_routes(Context& context);

/// Every route of the server.
RouteList all_routes(Context& context);

/// Authentication, {realm} and permission, asked before a request's body is read.
http::Gate make_gate(Context& context);

}  // namespace postrider::api
