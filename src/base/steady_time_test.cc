#include "base/steady_time.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

class SteadyTimeTest : public testing::Test {
 protected:
    /// Time passes, and the wall clock moves by something else beside.
    Timestamp pass(Duration time, Duration step = {}) {
        wall += time + step;
        monotonic += time;
        return steady.at(wall, monotonic);
    }

    SteadyTime steady{1min};
    Timestamp wall{std::chrono::hours(500'000)};
    Monotonic monotonic{std::chrono::hours(3)};
};

TEST_F(SteadyTimeTest, it_is_the_wall_clock_while_nobody_sets_it) {
    EXPECT_EQ(pass(0s), wall);
    EXPECT_EQ(pass(10 * 24h), wall);
    EXPECT_EQ(pass(1h, 2s), wall);  // a time service corrects it
    EXPECT_EQ(steady.stepped(), 0s);
}

TEST_F(SteadyTimeTest, a_step_ahead_is_no_time_that_passed) {
    const Timestamp before = pass(0s);
    EXPECT_EQ(pass(5s, 1000 * 24h), before + 5s);
    EXPECT_EQ(pass(5s), before + 10s);
    EXPECT_EQ(steady.stepped(), 1000 * 24h);
}

TEST_F(SteadyTimeTest, nor_does_time_go_back) {
    const Timestamp before = pass(0s);
    EXPECT_EQ(pass(5s, -1000 * 24h), before + 5s);
    EXPECT_EQ(pass(5s, 1000 * 24h), before + 10s);
    EXPECT_EQ(pass(0s), wall);
    EXPECT_EQ(steady.stepped(), 0s);
}

}  // namespace
}  // namespace postrider
