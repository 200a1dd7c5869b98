#pragma once

#include <functional>

#include "api/call.h"
#include "api/context.h"
#include "store/rows.h"

namespace postrider::api {

/// POST …/deliveries/retry.
http::Route retry_route(Context& context);

/// Whether a body asks only for how many it would be.
bool is_dry_run(Body& body);
/// Starts an operation in a transaction, lets it proceed after the commit, and answers 202 with it
/// and where it is.
void start_operation(Context& context, Call& call,
                     std::function<Result<store::OperationRow>(store::Transaction&)> start);

}  // namespace postrider::api
