#pragma once

#include <functional>
#include <string>
#include <thread>

namespace postrider {

/// Starts a thread with that name, of at most 15 characters. When the system has no more threads,
/// the process says so in one sentence and ends: it is starting, and has accepted nothing yet.
std::thread start_thread(std::string name, std::function<void()> run);

/// The sentence, and the end.
[[noreturn]] void end_without_threads(const char* reason);

}  // namespace postrider
