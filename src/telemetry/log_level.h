#pragma once

#include "model/logging.h"

namespace postrider::log {

/// From now on lines below `level` are left out. Requires: started. Thread-safety: any thread.
void set_level(LogLevel level);

}  // namespace postrider::log
