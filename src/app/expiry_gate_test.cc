#include "app/expiry_gate.h"

#include <gtest/gtest.h>

#include "model/limits.h"

namespace postrider::app {
namespace {

class ExpiryGateTest : public testing::Test {
 protected:
    ExpiryGate::Look pass(ExpiryGate& gate, Duration time, Duration step = {}) {
        wall += time + step;
        monotonic += time;
        return gate.look(wall, monotonic);
    }

    Timestamp wall{std::chrono::hours(500'000)};
    Monotonic monotonic{std::chrono::hours(3)};
};

TEST_F(ExpiryGateTest, it_is_open_after_a_night_off) {
    ExpiryGate gate(wall, monotonic, wall - 12h);
    EXPECT_TRUE(pass(gate, 30s).may_expire);
    EXPECT_FALSE(pass(gate, 30s).moved);
}

TEST_F(ExpiryGateTest, a_new_store_has_no_last_run) {
    ExpiryGate gate(wall, monotonic, std::nullopt);
    EXPECT_TRUE(pass(gate, 30s).may_expire);
}

TEST_F(ExpiryGateTest, a_step_ahead_closes_it_for_an_hour_and_is_told_once) {
    ExpiryGate gate(wall, monotonic, wall);
    auto look = pass(gate, 30s, 1000 * 24h);
    EXPECT_FALSE(look.may_expire);
    EXPECT_EQ(look.moved, std::optional<Duration>(1000 * 24h));
    look = pass(gate, 59min);
    EXPECT_FALSE(look.may_expire);
    EXPECT_FALSE(look.moved);
    EXPECT_TRUE(pass(gate, 1min).may_expire);
}

TEST_F(ExpiryGateTest, setting_it_right_again_is_a_step_too) {
    ExpiryGate gate(wall, monotonic, wall);
    pass(gate, 30s, 1000 * 24h);
    const auto look = pass(gate, 30min, -1000 * 24h);
    EXPECT_EQ(look.moved, std::optional<Duration>(-1000 * 24h));
    EXPECT_FALSE(pass(gate, 59min).may_expire);
    EXPECT_TRUE(pass(gate, 1min).may_expire);
}

TEST_F(ExpiryGateTest, a_start_long_after_the_last_run_may_be_a_wrong_clock) {
    ExpiryGate gate(wall, monotonic, wall - 1000 * 24h);
    const auto look = pass(gate, 1s);
    EXPECT_FALSE(look.may_expire);
    EXPECT_EQ(look.moved, std::optional<Duration>(1000 * 24h + 0s));
    EXPECT_TRUE(pass(gate, 1h).may_expire);
}

}  // namespace
}  // namespace postrider::app
