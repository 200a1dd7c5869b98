#pragma once

#include "api/context.h"

namespace postrider::api {

/// OpenAPI, AsyncAPI, and what each problem means: files for programs.
RouteList contract_routes(Context& context);

}  // namespace postrider::api
