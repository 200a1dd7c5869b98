#pragma once

namespace postrider::cli {

/// What the process ends with. Persistent: scripts depend on it; in `postrider --help`.
enum ExitCode : int {
    exit_ok = 0,
    exit_failed = 1,        ///< the server said no or cannot be reached, or the work failed
    exit_wrong_usage = 2,   ///< flags, arguments or configuration
    exit_not_found = 3,     ///< what was named does not exist
    exit_not_verified = 4,  ///< a signature does not verify
};

}  // namespace postrider::cli
