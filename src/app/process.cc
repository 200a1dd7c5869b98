#include "app/process.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace postrider::app {

namespace {

sigset_t held_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

std::unexpected<Error> no_folder(const std::string& path, const std::string& why) {
    return fail(ErrorCode::unavailable,
                "cannot use the folder " + path + ": " + why +
                    "; choose another with --data, or give it to this user");
}

}  // namespace

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    // The kernel's hard limit may be a billion; nothing here needs so many.
    const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, 1 << 20);
    if (limit.rlim_cur < wanted) {
        const rlimit raised{wanted, limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = wanted;
    }
    return static_cast<std::size_t>(limit.rlim_cur);
}

Result<void> make_data_folder(const std::string& path) {
    std::error_code failure;
    if (std::filesystem::is_directory(path, failure)) return {};
    const auto parent = std::filesystem::absolute(path, failure).parent_path();
    if (!failure) std::filesystem::create_directories(parent, failure);
    if (failure) return no_folder(path, failure.message());
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return no_folder(path, std::strerror(errno));
    }
    if (!std::filesystem::is_directory(path, failure)) return no_folder(path, "it is no folder");
    return {};
}

int explain_exit(const Error& error) {
    fmt::print(stderr, "postrider: {}\n", error.message);
    return error.code == ErrorCode::invalid_argument ? 2 : 1;
}

void hold_signals() {
    // What would end the process without a word, and means nothing here.
    for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR,
                             SIGSTKFLT, SIGXFSZ, SIGXCPU}) {
        ::signal(number, SIG_IGN);
    }
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ::signal(number, SIG_IGN);
    const sigset_t set = held_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

std::string wait_for_signal(Duration interval, const std::function<void(bool)>& attend) {
    const sigset_t set = held_signals();
    using std::chrono::duration_cast;
    const auto seconds = duration_cast<std::chrono::seconds>(interval);
    const auto rest = duration_cast<std::chrono::nanoseconds>(interval - seconds);
    const timespec wait{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
    int number = 0;
    while (number != SIGTERM && number != SIGINT) {
        number = ::sigtimedwait(&set, nullptr, &wait);
        if (number == SIGHUP) attend(true);
        if (number < 0 && errno == EAGAIN) attend(false);
    }
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    return number == SIGINT ? "SIGINT" : "SIGTERM";
}

}  // namespace postrider::app
