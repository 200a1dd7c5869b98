#pragma once

#include "api/call.h"
#include "api/context.h"
#include "store/rows.h"

namespace postrider::api {

/// POST …/deliveries/retry.
http::Route retry_route(Context& context);

/// Whether a body asks only for how many it would be.
bool is_dry_run(Body& body);
/// 202 with the operation and where it is.
Answer operation_started(const std::string& realm_name, const store::OperationRow& row);

}  // namespace postrider::api
