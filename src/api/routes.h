#pragma once

#include "api/context.h"

namespace postrider::api {

RouteList meta_routes(Context& context);
RouteList console_routes(Context& context);
RouteList realm_routes(Context& context);
RouteList event_routes(Context& context);  ///< with event_type_routes
RouteList event_type_routes(Context& context);
RouteList feed_routes(Context& context);  ///< the log, forward
RouteList consumer_routes(Context& context);
RouteList webhook_routes(Context& context);  ///< with the next three, operation_routes
RouteList webhook_action_routes(Context& context);
RouteList order_routes(Context& context);
RouteList webhook_check_routes(Context& context);
RouteList operation_routes(Context& context);
RouteList delivery_routes(Context& context);
RouteList stream_routes(Context& context);  ///< server-sent events
RouteList statistics_routes(Context& context);
RouteList search_routes(Context& context);
RouteList access_routes(Context& context);  ///< API keys, the audit log
RouteList session_routes(Context& context);
RouteList oauth_routes(Context& context);
RouteList user_routes(Context& context);
RouteList role_routes(Context& context);    ///< of realms and of clients
RouteList client_routes(Context& context);  ///< with redirect URIs

/// Every route of the server.
RouteList all_routes(Context& context);

/// Authentication, {realm} and permission, asked before a request's body is read.
http::Gate make_gate(Context& context);

/// http::ServerOptions::add_holders, of what that gate admits: the key (or session, or client) and
/// the realm.
void add_holders(const void* admission, Shares::Holders& holders);

}  // namespace postrider::api
