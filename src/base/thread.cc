#include "base/thread.h"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace postrider {

void end_without_threads(const char* reason) {
    std::fprintf(
        stderr,
        "postrider: cannot start a thread: %s; raise the number of processes that this user "
        "may have (ulimit -u, or TasksMax of its service)\n",
        reason);
    // Not exit(): threads that were started already use what its handlers take away.
    std::_Exit(1);
}

std::thread start_thread(std::string name, std::function<void()> run) {
    try {
        return std::thread([name = std::move(name), run = std::move(run)] {
            ::pthread_setname_np(::pthread_self(), name.c_str());
            run();
        });
    } catch (const std::system_error& error) {
        end_without_threads(error.what());
    }
}

}  // namespace postrider
