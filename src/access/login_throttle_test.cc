#include "access/login_throttle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/limits.h"

namespace postrider::access {
namespace {

using Outcome = LoginThrottle::Outcome;

Comer comer(const std::string& account, const std::string& network,
            const std::string& realm = "realm") {
    return {.realm = realm, .account = realm + account, .network = network, .group = network};
}

/// Attempts that fail, one after the other.
void fail(LoginThrottle& throttle, const Comer& who, int times, Monotonic now) {
    for (int i = 0; i < times; ++i) {
        throttle.leave(throttle.enter(who, now).value().ticket, Outcome::failed, now);
    }
}

TEST(LoginThrottle, waits_longer_with_each_failure_and_never_more_than_30_s) {
    LoginThrottle throttle;
    Monotonic now{};
    std::vector<Duration> waits;
    for (int i = 0; i < 12; ++i) {
        const auto admitted = throttle.enter(comer("ada", "10.0.0.1"), now).value();
        waits.push_back(admitted.wait);
        throttle.leave(admitted.ticket, Outcome::failed, now);
        now += 1s;
    }
    EXPECT_EQ(waits, (std::vector<Duration>{0s, 0s, 0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s, 30s}));
    EXPECT_EQ(throttle.enter(comer("ben", "10.0.0.1"), now)->wait, Duration{}) << "another account";
    // From elsewhere it waits as long, and gets in.
    const auto elsewhere = throttle.enter(comer("ada", "10.9.9.9"), now).value();
    EXPECT_EQ(elsewhere.wait, Duration(30s));
    throttle.leave(elsewhere.ticket, Outcome::succeeded, now);
    EXPECT_EQ(throttle.enter(comer("ada", "10.0.0.1"), now)->wait, Duration{});
}

TEST(LoginThrottle, forgets_after_a_while) {
    LoginThrottle throttle;
    const Monotonic now{};
    fail(throttle, comer("ada", "n"), 5, now);
    const auto soon =
        throttle.enter(comer("ada", "n"), now + limits::login_failures_forgotten - 1s).value();
    EXPECT_EQ(soon.wait, Duration(4s));
    EXPECT_EQ(soon.blame, 5U);
    throttle.leave(soon.ticket, Outcome::unknown, now);
    const auto later = throttle.enter(comer("ada", "n"), now + limits::login_failures_forgotten);
    EXPECT_EQ(later->wait, Duration{});
    EXPECT_EQ(later->blame, 0U);
}

TEST(LoginThrottle, one_of_an_account_and_a_network_and_few_of_a_network) {
    LoginThrottle throttle;
    const Monotonic now{};
    const auto first = throttle.enter(comer("ada", "n"), now).value();
    EXPECT_FALSE(throttle.enter(comer("ada", "n"), now));
    for (std::size_t i = 1; i < limits::logins_waiting_per_network_max; ++i) {
        ASSERT_TRUE(throttle.enter(comer("user-" + std::to_string(i), "n"), now));
    }
    EXPECT_FALSE(throttle.enter(comer("one-more", "n"), now));
    EXPECT_TRUE(throttle.enter(comer("one-more", "other"), now));
    throttle.leave(first.ticket, Outcome::unknown, now);
    EXPECT_TRUE(throttle.enter(comer("ada", "n"), now));
}

/// Strangers whose attempts all wait, 16 from each network.
class FullLine : public testing::Test {
 protected:
    void SetUp() override {
        for (std::size_t i = 0; i < limits::logins_waiting_max; ++i) ASSERT_TRUE(flood(i));
    }
    bool flood(std::size_t i) {
        return wait(comer("u" + std::to_string(i % 16), "bad-" + std::to_string(i / 16), "bad"));
    }
    /// Whether it may wait.
    bool wait(const Comer& who) {
        const auto admitted = throttle_.enter(who, now_);
        if (!admitted) return false;
        last_ = admitted->ticket;
        return throttle_.wait_in_line(last_, [this] { ++gave_way_; });
    }

    LoginThrottle throttle_;
    const Monotonic now_{};
    std::uint64_t last_ = 0;
    int gave_way_ = 0;
};

TEST_F(FullLine, who_floods_gives_way_to_another_realm_network_and_account) {
    EXPECT_TRUE(wait(comer("admin", "home", "master")));
    EXPECT_EQ(gave_way_, 1);
    EXPECT_TRUE(throttle_.wait_is_over(last_));
    EXPECT_FALSE(throttle_.wait_is_over(last_)) << "it waits no more";
    EXPECT_TRUE(wait(comer("ada", "home", "bad"))) << "the same realm, from elsewhere";
    EXPECT_TRUE(wait(comer("u1", "office", "bad"))) << "one of the accounts, from elsewhere";
    EXPECT_EQ(gave_way_, 2) << "one place was free";
}

TEST_F(FullLine, a_flood_pushes_out_nobody_but_itself) {
    ASSERT_TRUE(wait(comer("admin", "home", "master")));
    const std::uint64_t admin = last_;
    ASSERT_TRUE(wait(comer("ada", "office", "bad")));
    const std::uint64_t ada = last_;
    for (std::size_t i = 0; i < 200; ++i)
        wait(comer("x" + std::to_string(i), "bad-" + std::to_string(i % 64), "bad"));
    EXPECT_TRUE(throttle_.wait_is_over(admin));
    EXPECT_TRUE(throttle_.wait_is_over(ada));
}

TEST_F(FullLine, what_gave_way_is_over) {
    ASSERT_TRUE(wait(comer("admin", "home", "master")));
    EXPECT_FALSE(throttle_.wait_is_over(limits::logins_waiting_max)) << "the newest gave way";
    EXPECT_TRUE(throttle_.wait_is_over(1));
}

TEST(LoginThrottle, of_networks_that_have_as_many_waiting_who_failed_gives_way) {
    LoginThrottle throttle;
    const Monotonic now{};
    int gave_way = 0;
    const auto wait = [&](const Comer& who) {
        return throttle.wait_in_line(throttle.enter(who, now).value().ticket, [&] { ++gave_way; });
    };
    for (std::size_t i = 0; i < limits::logins_waiting_max; ++i) {
        const Comer who = comer("u" + std::to_string(i), "n" + std::to_string(i));
        fail(throttle, who, 3, now);
        ASSERT_TRUE(wait(who));
    }
    EXPECT_TRUE(wait(comer("ada", "home")));
    EXPECT_EQ(gave_way, 1);
}

}  // namespace
}  // namespace postrider::access
