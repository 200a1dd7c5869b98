#pragma once

#include "config/config.h"

namespace postrider::app {

/// Runs a server until it is told to stop. The process' exit code: 0, or another after one sentence
/// on stderr.
int serve(const config::Config& config);

}  // namespace postrider::app
