#include "base/crash_mark.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>

namespace postrider {

namespace {

constexpr std::array fatal{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// A signal handler has no other way to what it works on.
std::atomic<CrashMark*> mark{nullptr};
std::array<struct sigaction, 32> before{};

/// Only what is allowed in a signal's handler.
void on_fatal(int number, siginfo_t* about, void*) {
    const bool is_sent = about->si_code <= 0 && about->si_pid != ::getpid();
    CrashMark* where = mark.exchange(nullptr);
    if (where != nullptr && !is_sent) {
        ::prctl(PR_GET_NAME, where->thread.data());
        where->signal = number;
    }
    // A fault comes again when this returns, and abort() raises again; what was sent does not.
    ::sigaction(number, &before[static_cast<std::size_t>(number)], nullptr);
    if (about->si_code <= 0) ::raise(number);
}

/// Memory that is exhausted is nobody's fault.
void on_terminate() {
    try {
        if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
        mark = nullptr;
        std::fputs(
            "postrider: out of memory, and the server ends: what was accepted is safe; give it "
            "more memory\n",
            stderr);
    } catch (const std::exception& thrown) {
        std::fprintf(stderr, "postrider: an exception that nobody caught: %s\n", thrown.what());
    } catch (...) {
        std::fputs("postrider: an exception that nobody caught\n", stderr);
    }
    std::abort();
}

}  // namespace

void note_crashes_at(CrashMark* where) {
    static const bool installed = [] {
        std::set_terminate(on_terminate);
        struct sigaction action{};
        action.sa_sigaction = on_fatal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        ::sigemptyset(&action.sa_mask);
        for (const int number : fatal) {
            ::sigaction(number, &action, &before[static_cast<std::size_t>(number)]);
        }
        return true;
    }();
    (void)installed;
    mark = where;
}

void keep_stack_for_crashes() {
    constexpr std::size_t size = 64 * 1024;
    struct Stack {
        Stack() {
            const stack_t given{.ss_sp = bytes.get(), .ss_flags = 0, .ss_size = size};
            ::sigaltstack(&given, nullptr);
        }
        ~Stack() {
            const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
            ::sigaltstack(&none, nullptr);
        }
        Stack(const Stack&) = delete;
        Stack& operator=(const Stack&) = delete;
        std::unique_ptr<char[]> bytes{new char[size]};
    };
    thread_local const Stack stack;
}

}  // namespace postrider
