#pragma once

#include <cstdint>

namespace postrider::telemetry {

/// This process as the kernel sees it, from /proc; zero for what cannot be read.
struct ProcessNumbers {
    double cpu_seconds = 0;
    double start_time_seconds = 0;  ///< since the epoch
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t descriptors_max = 0;
};
ProcessNumbers process_numbers();

}  // namespace postrider::telemetry
