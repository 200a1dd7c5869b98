#pragma once

#include "config/config.h"

namespace postrider::app {

/// Runs a server until it is told to stop. The process' exit code: 0, or 1 after one sentence on
/// stderr.
int serve(const config::Config& config);

/// Prints every route, `METHOD PATH operationId need` a line, of a real server on a folder of its own that
/// is removed again: the contract test holds them against api/openapi.yaml.
int print_routes();

}  // namespace postrider::app
