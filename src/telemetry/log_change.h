#pragma once

#include "telemetry/log.h"

/// What of the log may change while lines are written.
namespace postrider::log {

/// Lines that are written from now on are of this level, format and sink; those before them are
/// written first. When no thread can be made for it, format and sink stay. Requires: started.
/// Thread-safety: the caller of start().
void change(Options options);

}  // namespace postrider::log
