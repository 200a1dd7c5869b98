#include "base/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace postrider {
namespace {

TEST(work_queue, a_realm_has_one_at_a_time_and_another_does_not_wait_for_it) {
    WorkQueue queue(
        {.threads = 2, .waiting_max = 8, .thread_name = "worker", .nice = 1, .when_full = "full"});
    std::promise<void> loud_began, loud_may_end, quiet_ran;
    std::atomic<int> loud_running = 0;
    std::atomic<bool> overlapped = false;
    ASSERT_TRUE(queue.add({"loud", "one"}, [&](bool) {
        ++loud_running;
        loud_began.set_value();
        loud_may_end.get_future().wait();
        --loud_running;
    }));
    loud_began.get_future().wait();
    std::promise<void> second_ran;
    ASSERT_TRUE(queue.add({"loud", "two"}, [&](bool) {
        overlapped = loud_running > 0;
        second_ran.set_value();
    }));
    ASSERT_TRUE(queue.add({"quiet", "one"}, [&](bool) { quiet_ran.set_value(); }));
    quiet_ran.get_future().wait();  // while the first one has not ended
    loud_may_end.set_value();
    second_ran.get_future().wait();
    EXPECT_FALSE(overlapped);
}

}  // namespace
}  // namespace postrider
