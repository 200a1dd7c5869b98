#include "delivery/admission/admission.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.h"

namespace postrider::delivery::admission {
namespace {

const Timestamp start = parse_rfc3339("2026-11-23T12:00:00Z").value();

bool starts(const Answer& answer) { return std::holds_alternative<Start>(answer); }
std::optional<Blocked::Why> why(const Answer& answer) {
    const auto* blocked = std::get_if<Blocked>(&answer);
    return blocked == nullptr ? std::nullopt : std::optional(blocked->why);
}

TEST(AdmissionTest, a_lane_may_not_have_more_in_flight_than_its_limit) {
    Admission lane;
    for (std::size_t i = 0; i < limits::lane_in_flight_first; ++i) {
        ASSERT_TRUE(starts(lane.ask(start, {})));
        lane.started(start);
    }
    EXPECT_EQ(why(lane.ask(start, {})), Blocked::Why::in_flight);
    lane.ended({.signal = LaneSignal::failure});
    EXPECT_TRUE(starts(lane.ask(start, {})));
    lane.set_policy({.max_in_flight = 2}, false, start);
    EXPECT_EQ(lane.limit(), 2u);
    EXPECT_EQ(why(lane.ask(start, {})), Blocked::Why::in_flight);
}

TEST(AdmissionTest, a_lane_without_a_success_has_one_place_on_a_crowded_machine) {
    Admission lane;
    EXPECT_TRUE(starts(lane.ask(start, {.is_crowded = true})));
    lane.started(start);
    EXPECT_EQ(why(lane.ask(start, {.is_crowded = true})), Blocked::Why::in_flight);
    lane.ended({.signal = LaneSignal::success});
    lane.started(start);
    EXPECT_TRUE(starts(lane.ask(start, {.is_crowded = true})));
}

TEST(AdmissionTest, the_longest_wait_is_answered_first) {
    Admission lane;
    lane.set_policy({.rate_limit = Policy::RateLimit{.count = 1, .per = 1s}}, true, start);
    const auto answer = lane.ask(start, {.has_bytes = false});
    ASSERT_TRUE(std::holds_alternative<NotBefore>(answer));
    EXPECT_EQ(std::get<NotBefore>(answer).at, start + 1s);
    EXPECT_EQ(why(lane.ask(start + 1s, {.has_bytes = false})), Blocked::Why::bytes);
    EXPECT_TRUE(starts(lane.ask(start + 1s, {})));
}

TEST(AdmissionTest, the_same_rate_limit_again_starts_no_new_count) {
    Admission lane;
    const Policy policy{.rate_limit = Policy::RateLimit{.count = 1, .per = 60s}};
    lane.set_policy(policy, false, start);
    lane.started(start);
    lane.ended({.signal = LaneSignal::success});
    lane.set_policy(policy, false, start);
    EXPECT_FALSE(starts(lane.ask(start + 59s, {})));
    lane.set_policy({}, false, start);
    EXPECT_TRUE(starts(lane.ask(start + 1s, {})));
}

/// Whoever asks and starts as soon as it may: in no window more than `count`, but for the one on
/// the window's edge, and over all as many as are allowed.
TEST(AdmissionTest, no_window_has_more_starts_than_the_rate) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SeededRandom random(seed);
        const auto count = static_cast<std::int64_t>(1 + random.next() % 300);
        const Duration per = std::chrono::milliseconds(1 + random.next() % 100'000);
        Rate rate(count, per, start);
        std::deque<Timestamp> window;
        Timestamp now = start;
        for (int i = 0; i < 1000; ++i) {
            now = std::max(now, rate.next());
            if (random.next() % 10 == 0) now += Duration{random.next() % (2 * per.count())};
            rate.started(now);
            window.push_back(now);
            while (window.front() < now - per) window.pop_front();
            ASSERT_LE(window.size(), static_cast<std::size_t>(count) + 1)
                << "seed " << seed << ": " << count << " per " << per.count() << " us";
        }
    }
    Rate even(100, 60s, start);
    Timestamp now = start;
    for (int i = 0; i < 100; ++i) {
        now = std::max(now, even.next());
        even.started(now);
    }
    EXPECT_EQ(now, start + 99 * 600ms) << "spread evenly, and no slower than allowed";
}

TEST(Admission, one_attempt_asks_for_a_token_and_the_others_wait) {
    Admission lane;
    using State = Token::State;
    lane.set_token({State::missing, start + 5s});
    auto answer = lane.ask(start, {});
    ASSERT_TRUE(std::holds_alternative<NotBefore>(answer));
    EXPECT_EQ(std::get<NotBefore>(answer).at, start + 5s);
    EXPECT_EQ(std::get<NotBefore>(answer).why, NotBefore::Why::token);
    EXPECT_TRUE(std::holds_alternative<Start>(lane.ask(start + 5s, {})));
    lane.started(start + 5s);
    EXPECT_EQ(why(lane.ask(start + 5s, {})), Blocked::Why::token);
    lane.set_token({State::good, start + 60s});
    EXPECT_TRUE(std::holds_alternative<Start>(lane.ask(start + 6s, {})));
    lane.started(start + 6s);
    EXPECT_TRUE(std::holds_alternative<Start>(lane.ask(start + 7s, {})));
    // The next one after its end asks for another.
    EXPECT_TRUE(std::holds_alternative<Start>(lane.ask(start + 60s, {})));
    lane.started(start + 60s);
    EXPECT_EQ(why(lane.ask(start + 60s, {})), Blocked::Why::token);
    lane.set_token({});
    EXPECT_TRUE(std::holds_alternative<Start>(lane.ask(start + 60s, {})));
}

}  // namespace
}  // namespace postrider::delivery::admission
