#include "delivery/due_time.h"

#include <gtest/gtest.h>

namespace postrider::delivery {
namespace {

constexpr Timestamp noon{1'800'000'000s};
constexpr Monotonic start{1000s};

TEST(DueTime, it_is_the_wall_clock_while_nobody_sets_it_back) {
    DueTime time({}, noon, start);
    EXPECT_EQ(time.at(noon, start), noon);
    EXPECT_EQ(time.at(noon + 5s, start + 5s), noon + 5s);
    EXPECT_EQ(time.at(noon + 24h, start + 6s), noon + 24h) << "set ahead";
    EXPECT_EQ(time.ahead(), Duration{0});
}

TEST(DueTime, it_goes_on_when_the_clock_is_set_back) {
    DueTime time({}, noon, start);
    EXPECT_EQ(time.at(noon - 2h, start + 1s), noon + 1s);
    EXPECT_EQ(time.at(noon - 2h + 9s, start + 10s), noon + 10s);
    EXPECT_EQ(time.ahead(), 2h + 1s);
    EXPECT_EQ(time.at(noon + 3h, start + 11s), noon + 3h) << "set ahead again";
    EXPECT_EQ(time.ahead(), Duration{0});
}

TEST(DueTime, the_next_run_goes_on_with_it) {
    DueTime time({}, noon, start);
    time.at(noon - 2h, start + 10s);
    const DueTime::Kept kept = time.kept();
    // An hour down, and then: the same clock, and one that was set back once more.
    EXPECT_EQ(DueTime(kept, noon - 1h, start).at(noon - 1h, start), noon + 1h + 10s);
    EXPECT_EQ(DueTime(kept, noon - 5h, start).at(noon - 5h, start), noon + 10s);
    EXPECT_EQ(DueTime(kept, noon + 5h, start).ahead(), 2h + 10s);
}

TEST(DueTime, fractions_of_a_microsecond_are_not_lost) {
    DueTime time({}, noon, start);
    for (int i = 1; i <= 3000; ++i) {
        time.at(noon - 1h, start + i * std::chrono::nanoseconds(333));
    }
    EXPECT_EQ(time.at(noon - 1h, start + 1ms), noon + 1ms);
}

}  // namespace
}  // namespace postrider::delivery
