#pragma once

#include "cli/cli.h"
#include "config/config.h"

namespace postrider::app {

/// Runs a server until it is told to stop; at SIGHUP it takes what it can of the configuration that
/// is read again. The process' exit code: 0, or another after one sentence on stderr.
int serve(const config::Config& config, const cli::Serving& serving);

}  // namespace postrider::app
