#include "delivery/admission/breaker.h"

#include <gtest/gtest.h>

namespace postrider::delivery::admission {
namespace {

const Timestamp start = parse_rfc3339("2026-11-23T12:00:00Z").value();

class BreakerTest : public testing::Test {
 protected:
    void end(LaneSignal signal, bool was_probe = false, std::optional<Duration> retry_after = {}) {
        breaker_.ended({signal, was_probe, now_, now_, retry_after});
    }
    void open() {
        for (std::size_t i = 0; i < limits::breaker_failures_in_row; ++i) end(LaneSignal::failure);
        ASSERT_TRUE(breaker_.open());
    }
    Duration until_probe() const { return breaker_.open()->next_probe_at - now_; }

    Breaker breaker_;
    Timestamp now_ = start;
};

TEST_F(BreakerTest, opens_after_ten_failures_in_a_row) {
    for (std::size_t i = 0; i + 1 < limits::breaker_failures_in_row; ++i) {
        end(i % 2 == 0 ? LaneSignal::failure : LaneSignal::timeout);
        EXPECT_FALSE(breaker_.open());
    }
    end(LaneSignal::failure);
    ASSERT_TRUE(breaker_.open());
    EXPECT_EQ(until_probe(), limits::breaker_probe_first);
}

TEST_F(BreakerTest, an_answer_that_is_no_failure_of_the_receiver_begins_the_row_anew) {
    for (const auto signal : {LaneSignal::success, LaneSignal::refused}) {
        for (std::size_t i = 0; i + 1 < limits::breaker_failures_in_row; ++i)
            end(LaneSignal::failure);
        end(signal);
        EXPECT_FALSE(breaker_.open());
    }
}

TEST_F(BreakerTest, what_is_internal_opens_nothing) {
    for (int i = 0; i < 1000; ++i) end(LaneSignal::none);
    EXPECT_FALSE(breaker_.open());
}

TEST_F(BreakerTest, opens_when_nine_of_ten_failed_in_the_last_minute) {
    int attempts = 0;
    while (!breaker_.open() && attempts < 1000) {
        ++attempts;
        end(attempts % 10 == 1 ? LaneSignal::success : LaneSignal::failure);
        now_ += 100ms;
    }
    EXPECT_EQ(attempts, static_cast<int>(limits::breaker_window_attempts_min));
}

TEST_F(BreakerTest, failures_of_more_than_a_minute_ago_do_not_count) {
    for (int attempts = 0; attempts < 1000; ++attempts) {
        end(attempts % 10 == 1 ? LaneSignal::success : LaneSignal::failure);
        now_ += 1300ms;  // 46 a minute
    }
    EXPECT_FALSE(breaker_.open());
}

TEST_F(BreakerTest, probes_come_ever_later_and_at_most_twenty_start_in_an_hour) {
    open();
    int probes = 0;
    while (breaker_.open()->next_probe_at <= start + 1h) {
        now_ = breaker_.open()->next_probe_at;
        end(LaneSignal::timeout, true);
        ++probes;
        EXPECT_LE(until_probe(), limits::breaker_probe_max);
    }
    EXPECT_EQ(until_probe(), limits::breaker_probe_max);
    EXPECT_GE(probes, 15);
    EXPECT_LE(probes, 20);
}

TEST_F(BreakerTest, those_under_way_when_it_opened_do_not_put_the_probe_off) {
    open();
    const auto before = breaker_.open();
    now_ += 1s;
    for (int i = 0; i < 50; ++i) end(LaneSignal::failure);
    EXPECT_EQ(breaker_.open(), before);
}

TEST_F(BreakerTest, any_answer_but_429_and_5xx_closes_it_and_the_row_begins_anew) {
    for (const auto signal : {LaneSignal::success, LaneSignal::refused}) {
        open();
        end(signal, true);
        EXPECT_FALSE(breaker_.open());
        end(LaneSignal::failure);
        EXPECT_FALSE(breaker_.open());
        breaker_.close();
    }
}

TEST_F(BreakerTest, an_internal_outcome_of_a_probe_waits_as_long_again) {
    open();
    now_ += limits::breaker_probe_first;
    end(LaneSignal::none, true);
    EXPECT_EQ(until_probe(), limits::breaker_probe_first);
}

TEST_F(BreakerTest, the_receiver_may_ask_for_a_longer_wait) {
    open();
    end(LaneSignal::failure, true, 1h);
    EXPECT_EQ(until_probe(), 1h);
    end(LaneSignal::failure, true, 0s);
    EXPECT_EQ(until_probe(), 4 * limits::breaker_probe_first);
    end(LaneSignal::failure, true, 1000h);
    EXPECT_EQ(until_probe(), 24h);
}

TEST_F(BreakerTest, somebody_may_want_it_tried_now) {
    breaker_.hurry(now_);
    EXPECT_FALSE(breaker_.open());
    open();
    breaker_.hurry(now_ + 1s);
    EXPECT_EQ(until_probe(), 1s);
    breaker_.hurry(now_ + 2s);
    EXPECT_EQ(until_probe(), 1s);
}

TEST_F(BreakerTest, what_was_left_by_a_clock_that_was_wrong_is_tried_within_a_day) {
    breaker_.recall(Breaker::Open{start, start + 9999h, 5s}, now_);
    EXPECT_EQ(until_probe(), 24h);
    // As the receiver asked.
    breaker_.recall(Breaker::Open{start, start + 1h, 5s}, now_);
    EXPECT_EQ(until_probe(), 1h);
    breaker_.recall(Breaker::Open{start, start + 3s, 9999h}, now_);
    EXPECT_EQ(until_probe(), 3s);
    breaker_.recall(std::nullopt, now_);
    EXPECT_FALSE(breaker_.open());
}

}  // namespace
}  // namespace postrider::delivery::admission
