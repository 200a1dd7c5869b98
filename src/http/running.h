#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "http/server.h"

/// What the process asks of a server that it has started.
namespace postrider::http {

/// Runs `task` on the server's thread, soon: whether that thread still turns. Requires: it was
/// started. Thread-safety: any thread.
void post(Server& server, std::function<void()> task);

/// Connections that are open, those that are refused among them. Thread-safety: any thread.
std::size_t open_connections(const Server& server);

/// Of something that has a bound.
struct Budget {
    std::uint64_t used = 0;
    std::uint64_t total = 0;
};
/// Bytes of bodies and answers (ServerOptions::inbound_bytes_max). Thread-safety: any thread.
Budget inbound_bytes(const Server& server);

}  // namespace postrider::http
