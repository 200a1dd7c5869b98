#include <iterator>

#include "api/contract_routes.h"
#include "api/routes.h"

namespace postrider::api {

RouteList all_routes(Context& context) {
    RouteList all;
    for (auto part : {event_routes, feed_routes, consumer_routes, webhook_routes, delivery_routes,
                      realm_routes, user_routes, role_routes, client_routes, access_routes,
                      session_routes, oauth_routes, stream_routes, statistics_routes, search_routes,
                      contract_routes, jwks_routes, meta_routes, console_routes}) {
        RouteList routes = part(context);
        all.insert(all.end(), std::make_move_iterator(routes.begin()),
                   std::make_move_iterator(routes.end()));
    }
    return all;
}

}  // namespace postrider::api
