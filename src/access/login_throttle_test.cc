#include "access/login_throttle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/limits.h"

namespace postrider::access {
namespace {

using Outcome = LoginThrottle::Outcome;

TEST(LoginThrottle, waits_longer_with_each_failure_and_never_more_than_30_s) {
    LoginThrottle throttle;
    Monotonic now{};
    std::vector<Duration> waits;
    for (int i = 0; i < 12; ++i) {
        waits.push_back(throttle.enter("ada", "10.0.0.1", now).value());
        throttle.leave("ada", "10.0.0.1", Outcome::failed, now);
        now += 1s;
    }
    EXPECT_EQ(waits, (std::vector<Duration>{0s, 0s, 0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s, 30s}));
    EXPECT_EQ(throttle.enter("ben", "10.0.0.1", now), Duration{}) << "another account";
    // From elsewhere it waits as long, and gets in.
    EXPECT_EQ(throttle.enter("ada", "10.9.9.9", now), Duration(30s));
    throttle.leave("ada", "10.9.9.9", Outcome::succeeded, now);
    EXPECT_EQ(throttle.enter("ada", "10.0.0.1", now), Duration{});
}

TEST(LoginThrottle, forgets_after_a_while) {
    LoginThrottle throttle;
    const Monotonic now{};
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(throttle.enter("ada", "n", now));
        throttle.leave("ada", "n", Outcome::failed, now);
    }
    EXPECT_EQ(throttle.enter("ada", "n", now + limits::login_failures_forgotten - 1s),
              Duration(4s));
    throttle.leave("ada", "n", Outcome::unknown, now);
    EXPECT_EQ(throttle.enter("ada", "n", now + limits::login_failures_forgotten), Duration{});
}

TEST(LoginThrottle, bounds_what_waits) {
    LoginThrottle throttle;
    const Monotonic now{};
    ASSERT_TRUE(throttle.enter("ada", "n", now));
    EXPECT_FALSE(throttle.enter("ada", "n", now)) << "one at a time of an account and a network";
    for (std::size_t i = 1; i < limits::logins_waiting_per_network_max; ++i) {
        ASSERT_TRUE(throttle.enter("user-" + std::to_string(i), "n", now));
    }
    EXPECT_FALSE(throttle.enter("one-more", "n", now));
    EXPECT_TRUE(throttle.enter("one-more", "other", now));
    throttle.leave("ada", "n", Outcome::unknown, now);
    EXPECT_TRUE(throttle.enter("ada", "n", now));
    std::size_t let_in = limits::logins_waiting_per_network_max + 1;
    while (throttle.enter("x", "network-" + std::to_string(let_in), now)) ++let_in;
    EXPECT_EQ(let_in, limits::logins_waiting_max);
}

}  // namespace
}  // namespace postrider::access
