#include "delivery/decision.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"
#include "delivery/retry_after.h"
#include "delivery/signer.h"

namespace postrider::delivery {
namespace {

const Timestamp now = parse_rfc3339("2026-11-23T12:00:00Z").value();

/// unit() is exactly one half: no jitter.
class NoJitter final : public Random {
 public:
    void fill(std::span<std::uint8_t> out) override {
        std::ranges::fill(out, 0);
        if (!out.empty()) out.back() = 0x80;
    }
};

webhooks::Target target_with(std::vector<Duration> schedule) {
    webhooks::Target target;
    target.retry_schedule = std::move(schedule);
    return target;
}

store::DeliveryRow pending(std::int64_t position) {
    store::DeliveryRow row;
    row.attempts = position;
    row.schedule_position = position;
    row.pending_since = now - 1min;
    return row;
}

AttemptResult answered(int status, Headers headers = {}) {
    AttemptResult result;
    result.status = status;
    result.response_headers = std::move(headers);
    result.reason = status / 100 == 2 ? OutcomeReason::accepted
                    : status == 410   ? OutcomeReason::gone
                                      : OutcomeReason::refused_by_status;
    return result;
}

AttemptResult ended(OutcomeReason reason) {
    AttemptResult result;
    result.reason = reason;
    return result;
}

Decision decide_now(const store::DeliveryRow& row, const AttemptResult& result,
                    const webhooks::Target& target) {
    NoJitter random;
    return decide(row, result, target, now, now, random);
}

TEST(Decision, every_2xx_delivers) {
    auto target = target_with({5s});
    for (int status : {200, 201, 204, 299}) {
        auto decision = decide_now(pending(0), answered(status), target);
        EXPECT_EQ(decision.next.state, DeliveryState::delivered);
        EXPECT_EQ(decision.next.finished_at, now);
        EXPECT_FALSE(decision.counts_as_failure);
    }
}

TEST(Decision, waits_follow_the_schedule_until_it_is_used_up) {
    auto target = target_with({5s, 5min});
    auto first = decide_now(pending(0), answered(500), target);
    EXPECT_EQ(first.next.state, DeliveryState::pending);
    EXPECT_EQ(first.next.due_at, now + 5s);
    EXPECT_TRUE(first.counts_as_failure);
    auto second = decide_now(first.next, ended(OutcomeReason::connect_failed), target);
    EXPECT_EQ(second.next.due_at, now + 5min);
    auto third = decide_now(second.next, answered(302), target);
    EXPECT_EQ(third.next.state, DeliveryState::failed);
    EXPECT_EQ(third.next.attempts, 3);
    EXPECT_NE(third.next.reason.find("All 3 attempts"), std::string::npos) << third.next.reason;
}

TEST(Decision, a_probe_that_fails_uses_nothing_of_the_schedule_up) {
    NoJitter random;
    const auto target = target_with({5s, 5min});
    auto row = pending(1);
    for (int probe = 1; probe <= 100; ++probe) {
        const auto decision = decide(row, answered(503), target, now, now, random, now + 5min);
        row = decision.next;
        EXPECT_EQ(row.state, DeliveryState::pending);
        EXPECT_EQ(row.due_at, now + 5min);
        EXPECT_EQ(row.attempts, 1 + probe);
        EXPECT_TRUE(decision.counts_as_failure);
    }
    EXPECT_EQ(decide_now(row, answered(503), target).next.due_at, now + 5min);
    auto by_hand = pending(1);
    by_hand.by_hand = true;
    EXPECT_EQ(
        decide(by_hand, answered(503), target, now, now, random, now + 1min).next.schedule_position,
        2)
        << "nothing but the schedule ends it";
    auto tombstone = target;
    tombstone.tombstone = true;
    EXPECT_EQ(decide(pending(2), answered(503), tombstone, now, now, random, now + 1min).next.state,
              DeliveryState::failed);
    EXPECT_EQ(
        decide(pending(0), answered(503), target_with({}), now, now, random, now + 5min).next.state,
        DeliveryState::failed)
        << "who wants one attempt gets one";
}

TEST(Decision, an_empty_schedule_is_one_attempt) {
    EXPECT_EQ(decide_now(pending(0), answered(500), target_with({})).next.state,
              DeliveryState::failed);
}

TEST(Decision, jitter_stays_within_a_fifth) {
    auto target = target_with({100s});
    SeededRandom random(7);
    Duration least = 1h, most{0};
    for (int i = 0; i < 1000; ++i) {
        auto wait = decide(pending(0), answered(500), target, now, now, random).next.due_at - now;
        least = std::min<Duration>(least, wait);
        most = std::max<Duration>(most, wait);
    }
    EXPECT_GE(least, Duration(80s));
    EXPECT_LT(least, Duration(82s));
    EXPECT_LE(most, Duration(120s));
    EXPECT_GT(most, Duration(118s));
}

TEST(Decision, retry_after_is_clamped_between_the_schedule_and_a_day) {
    auto target = target_with({1min});
    struct Row {
        const char* value;
        Duration wait;
    };
    for (auto [value, wait] :
         {Row{"5", 1min}, Row{"300", 5min}, Row{"999999999", 24h}, Row{"soon", 1min},
          Row{"-3", 1min}, Row{"Mon, 23 Nov 2026 12:10:00 GMT", 10min}}) {
        auto decision = decide_now(pending(0), answered(503, {{"Retry-After", value}}), target);
        EXPECT_EQ(decision.next.due_at - now, wait) << value;
    }
}

TEST(Decision, internal_outcomes_do_not_use_the_schedule_up) {
    auto target = target_with({5s});
    auto row = pending(0);
    Duration expected[] = {1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s};
    for (auto wait : expected) {
        auto decision = decide_now(row, ended(OutcomeReason::resolver_busy), target);
        EXPECT_EQ(decision.next.state, DeliveryState::pending);
        EXPECT_EQ(decision.next.due_at - now, wait);
        EXPECT_EQ(decision.next.schedule_position, 0);
        EXPECT_FALSE(decision.counts_as_failure);
        row = decision.next;
    }
    // For days behind an open breaker, say.
    row.pending_since = now - 100h;
    auto last = decide_now(row, ended(OutcomeReason::resolver_busy), target);
    Duration waited = 0s;
    while (last.next.state == DeliveryState::pending) {
        waited += last.next.due_at - now;
        last = decide_now(last.next, ended(OutcomeReason::resolver_busy), target);
    }
    EXPECT_EQ(last.next.state, DeliveryState::failed);
    EXPECT_GT(waited, Duration{30min});
    EXPECT_LT(waited, Duration{1h});
    EXPECT_FALSE(last.next.reason.empty());
}

TEST(Decision, gone_disables_but_a_test_counts_for_nothing) {
    auto target = target_with({5s});
    auto gone = decide_now(pending(0), answered(410), target);
    EXPECT_TRUE(gone.disable_gone);
    EXPECT_EQ(gone.next.state, DeliveryState::failed);
    auto row = pending(0);
    row.test = true;
    auto test = decide_now(row, answered(410), target);
    EXPECT_FALSE(test.disable_gone);
    EXPECT_FALSE(test.counts_as_failure);
    EXPECT_EQ(test.next.state, DeliveryState::failed);
}

TEST(Decision, a_redelivery_does_not_count_towards_disabling) {
    auto row = pending(0);
    row.by_hand = true;
    EXPECT_FALSE(decide_now(row, answered(500), target_with({5s})).counts_as_failure);
}

TEST(RetryAfter, reads_the_three_date_forms_and_refuses_the_rest) {
    auto at = parse_rfc3339("1994-11-06T08:49:00Z").value();
    for (auto text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                      "Sun Nov  6 08:49:37 1994", "37"}) {
        EXPECT_EQ(parse_retry_after(text, at), Duration(37s)) << text;
    }
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Duration(0s));
    for (auto text : {"", " 5", "5 ", "+5", "1.5", "Sun, 06 Nov 1994 08:49:37", "tomorrow",
                      "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
        EXPECT_EQ(parse_retry_after(text, at), std::nullopt) << text;
    }
}

TEST(Signer, agrees_with_the_standards_vector) {
    webhooks::Target target;
    target.keys = {{SigningScheme::v1, base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value()}};
    EXPECT_EQ(
        sign(target, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})", now),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

// Made by Python's hmac: hmac.new(b"a-secret-of-ferriskey-024", b"1700000000." + body, "sha256").
TEST(Signer, agrees_with_another_hmac_on_what_ferriskey_signs) {
    webhooks::Target target;
    target.keys = {{SigningScheme::ferriskey, "a-secret-of-ferriskey-024"}};
    EXPECT_EQ(sign_ferriskey(target, "1700000000", R"({"event":"user.created"})"),
              "63dc3834e1ef7d0c785edcd666d088dabde8f3c369f4a6db5c6fdacb8214351e");
    EXPECT_EQ(sign(target, "id", "1700000000", "{}", now), "");
    target.keys = {{SigningScheme::v1, std::string(32, 'n')}};
    EXPECT_EQ(sign_ferriskey(target, "1700000000", "{}"), "");
}

TEST(Signer, signs_with_the_previous_secret_until_it_expires) {
    webhooks::Target target;
    target.keys = {{SigningScheme::v1, std::string(32, 'n')}};
    target.previous_keys = {{SigningScheme::v1, std::string(32, 'o')}};
    target.previous_expires_at = now + 1s;
    auto during = sign(target, "id", "1", "{}", now);
    auto after = sign(target, "id", "1", "{}", now + 1s);
    ASSERT_EQ(std::ranges::count(during, ' '), 1);
    EXPECT_EQ(during.substr(0, during.find(' ')), after);  // the new one first
}

}  // namespace
}  // namespace postrider::delivery
