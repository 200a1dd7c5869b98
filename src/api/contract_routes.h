#pragma once

#include "api/context.h"

namespace postrider::api {

/// OpenAPI, AsyncAPI, and what each problem means: files for programs.
RouteList contract_routes(Context& context);
RouteList jwks_routes(Context& context);  ///< the public keys that sign webhooks

}  // namespace postrider::api
