#include "delivery/flight_log.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace postrider::delivery {
namespace {

const FlightLog::Entry a{RealmId{Uuid{{1}}}, DeliveryId{Uuid{{2}}}};
const FlightLog::Entry b{RealmId{Uuid{{1}}}, DeliveryId{Uuid{{3}}}};

class FlightLogTest : public testing::Test {
 protected:
    FlightLogTest() { ::close(::mkstemp(path_.data())); }
    ~FlightLogTest() override { ::unlink(path_.c_str()); }
    FlightLogTest(const FlightLogTest&) = delete;
    FlightLogTest& operator=(const FlightLogTest&) = delete;

    FlightLog::LastRun open(FlightLog& log, std::size_t slots = 4) {
        auto last = log.open(path_, slots);
        EXPECT_TRUE(last);
        return last ? *last : FlightLog::LastRun{};
    }

    /// A run of a process of its own, in a thread of that name, which ends by `number`.
    void run(const std::vector<FlightLog::Entry>& in_flight, int number,
             const char* thread = "engine") {
        const pid_t child = ::fork();
        if (child == 0) {
            ::pthread_setname_np(::pthread_self(), thread);
            FlightLog log;
            open(log);
            for (const auto& entry : in_flight) log.note(entry);
            ::raise(number);
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
    }

    static std::vector<DeliveryId> ids(const std::vector<FlightLog::Entry>& entries) {
        std::vector<DeliveryId> found;
        for (const auto& entry : entries) found.push_back(entry.delivery);
        return found;
    }
    using Ids = std::vector<DeliveryId>;

    std::string path_ = "/tmp/postrider-flight-XXXXXX";
};

TEST_F(FlightLogTest, the_next_run_finds_what_was_not_cleared) {
    {
        FlightLog log;
        EXPECT_TRUE(open(log, 2).in_flight.empty());
        auto slot = log.note(a);
        log.note(b);
        log.clear(log.note(a));  // no slot is left: harmless
        log.clear(slot);
    }
    FlightLog log;
    const auto last = open(log, 2);
    EXPECT_EQ(ids(last.in_flight), Ids{b.delivery});
    EXPECT_TRUE(last.crash.empty());
}

TEST_F(FlightLogTest, a_crash_blames_what_was_alone_and_two_make_suspects) {
    run({a, b}, SIGABRT);
    {
        FlightLog log;
        const auto last = open(log);
        EXPECT_EQ(last.crash, "SIGABRT in the thread engine");
        EXPECT_EQ(last.in_flight.size(), 2u);
        EXPECT_TRUE(last.suspects.empty());
        EXPECT_TRUE(last.to_blame.empty());
        log.note(a);
        log.note(b);
    }
    run({a, b}, SIGABRT);
    run({a}, SIGKILL);  // reads the second crash, and is killed: the suspects stay
    run({a}, SIGSEGV);
    FlightLog log;
    const auto last = open(log);
    EXPECT_EQ(ids(last.suspects), (Ids{a.delivery, b.delivery}));
    EXPECT_EQ(ids(last.to_blame), Ids{a.delivery});
}

TEST_F(FlightLogTest, kills_and_crashes_elsewhere_blame_nobody) {
    for (int i = 0; i < 3; ++i) run({a}, SIGKILL);
    for (int i = 0; i < 3; ++i) run({a}, SIGABRT, "http");
    FlightLog log;
    const auto last = open(log);
    EXPECT_EQ(ids(last.in_flight), Ids{a.delivery});
    EXPECT_EQ(last.crash, "SIGABRT in the thread http");
    EXPECT_TRUE(last.suspects.empty());
    EXPECT_TRUE(last.to_blame.empty());
}

TEST_F(FlightLogTest, a_row_of_crashes_ends_with_an_orderly_end_or_when_all_were_tried) {
    run({a, b}, SIGABRT);
    {
        FlightLog log;
        open(log);
        log.end();
    }
    run({a, b}, SIGABRT);
    {
        FlightLog log;
        EXPECT_TRUE(open(log).suspects.empty());
    }
    run({a, b}, SIGABRT);
    {
        FlightLog log;
        EXPECT_EQ(open(log).suspects.size(), 2u);
        log.acquit(a.delivery);
        log.acquit(b.delivery);
    }
    run({a, b}, SIGABRT);
    FlightLog log;
    EXPECT_TRUE(open(log).suspects.empty());
}

}  // namespace
}  // namespace postrider::delivery
