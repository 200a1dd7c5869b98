#pragma once

#include <functional>

#include "http/server.h"

namespace postrider::http {

/// Runs `task` on the server's thread, soon: whether that thread still turns. Requires: it was
/// started. Thread-safety: any thread.
void post(Server& server, std::function<void()> task);

}  // namespace postrider::http
