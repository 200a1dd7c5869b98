#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"

/// What a server asks of its process: the one place for signals and limits.
namespace postrider::app {

/// Raises the descriptor limit to the hard one; what it is now.
std::size_t raise_descriptor_limit();

/// Makes `path` (0700) with what leads to it, when it is not there.
/// Errors: unavailable, one sentence with the way out.
Result<void> make_data_folder(const std::string& path);

/// What the server writes is nobody else's to read.
inline constexpr unsigned private_files = 0077;

/// Writes `postrider: <sentence>` to stderr; the exit code: 2 for what was configured wrong, 1 for
/// the rest.
int explain_exit(const Error& error);

/// Keeps SIGTERM, SIGINT and SIGHUP from every thread made after it, and ignores SIGPIPE. Call it
/// first.
void hold_signals();
/// Waits for SIGTERM or SIGINT; from then on the next one ends the process at once. Its name.
/// `attend` runs at each SIGHUP (true), and every `interval` (false).
std::string wait_for_signal(Duration interval, const std::function<void(bool)>& attend);

}  // namespace postrider::app
