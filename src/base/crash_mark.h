#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace postrider {

/// How the process ended itself. Persistent: it is in a mapped file; never rearrange.
struct CrashMark {
    std::int32_t signal = 0;  ///< SIGSEGV, SIGABRT, …; 0: it has not crashed
    std::array<char, 16> thread{};

    std::string_view thread_name() const {
        const std::string_view name(thread.data(), thread.size());
        return name.substr(0, name.find('\0'));
    }
};

/// From now on a crash is noted at `where`, which is memory that outlives the process; nullptr:
/// nowhere. A crash is what the process does to itself: a fault, or abort() unless memory was
/// exhausted. A signal that another process sent is none; SIGKILL and a loss of power note nothing.
/// The process ends as it would have without: with its core, or its sanitizer's report.
/// Thread-safety: any thread; one place at a time. A thread whose stack may overflow calls
/// keep_stack_for_crashes().
void note_crashes_at(CrashMark* where);

/// The calling thread keeps a small stack for the handler, so that the overflow of its own is
/// noted.
void keep_stack_for_crashes();

}  // namespace postrider
