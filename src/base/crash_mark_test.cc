#include "base/crash_mark.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <new>

namespace postrider {
namespace {

/// Ends a child process by `crash` and gives what it noted.
CrashMark noted(void (*crash)(), int* ended_by = nullptr) {
    void* memory = ::mmap(nullptr, sizeof(CrashMark), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* mark = new (memory) CrashMark;
    const pid_t child = ::fork();
    if (child == 0) {
        ::pthread_setname_np(::pthread_self(), "engine");
        ::freopen("/dev/null", "w", stderr);
        note_crashes_at(mark);
        // Nobody catches what it throws.
        [&]() noexcept { crash(); }();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (ended_by != nullptr) *ended_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const CrashMark copy = *mark;
    ::munmap(memory, sizeof(CrashMark));
    return copy;
}

TEST(CrashMark, notes_what_the_process_does_to_itself) {
    int ended_by = 0;
    const auto aborted = noted([] { std::abort(); }, &ended_by);
    EXPECT_EQ(aborted.signal, SIGABRT);
    EXPECT_EQ(aborted.thread_name(), "engine");
    EXPECT_EQ(ended_by, SIGABRT);
#if !defined(__SANITIZE_ADDRESS__)
    const auto faulted = noted(
        [] {
            volatile int* nowhere = nullptr;
            *nowhere = 1;
        },
        &ended_by);
    EXPECT_EQ(faulted.signal, SIGSEGV);
    EXPECT_EQ(ended_by, SIGSEGV);
#endif
    EXPECT_EQ(noted([] { throw 1; }).signal, SIGABRT);
}

TEST(CrashMark, notes_nothing_that_others_did) {
    EXPECT_EQ(noted([] { ::raise(SIGKILL); }).signal, 0);
    EXPECT_EQ(noted([] { throw std::bad_alloc(); }).signal, 0);
    int ended_by = 0;
    const auto sent = noted(
        [] {
            const pid_t parent = ::getpid();
            if (::fork() == 0) {
                ::kill(parent, SIGSEGV);
                ::_exit(0);
            }
            while (true) ::pause();
        },
        &ended_by);
    EXPECT_EQ(sent.signal, 0);
    EXPECT_EQ(ended_by, SIGSEGV);
}

}  // namespace
}  // namespace postrider
