#include "store/counters.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/counters_table.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::store {
namespace {

Timestamp at(std::int64_t seconds) { return from_micros(seconds * 1'000'000); }

Uuid uuid(std::uint8_t n) {
    Uuid made;
    made.bytes.fill(n);
    return made;
}

TEST(Counts, EachAttemptIsOfOneKind) {
    struct Row {
        OutcomeReason reason;
        int status;
        Counted kind;
    };
    const Row rows[] = {
        {OutcomeReason::accepted, 204, Counted::status_2xx},
        {OutcomeReason::refused_by_status, 301, Counted::status_3xx},
        {OutcomeReason::refused_by_status, 429, Counted::status_4xx},
        {OutcomeReason::gone, 410, Counted::status_4xx},
        {OutcomeReason::refused_by_status, 503, Counted::status_5xx},
        {OutcomeReason::refused_by_status, 999, Counted::status_5xx},
        {OutcomeReason::response_timeout, 0, Counted::timeout},
        {OutcomeReason::dns_timeout, 0, Counted::timeout},
        // The status of an answer that broke is not what it came to.
        {OutcomeReason::response_broken, 200, Counted::transport},
        {OutcomeReason::dns_failed, 0, Counted::transport},
        {OutcomeReason::unsealable, 0, Counted::internal},
    };
    for (const Row& row : rows) {
        Counts counts;
        counts.add_attempt(row.reason, row.status, 3ms);
        EXPECT_EQ(counts.of(row.kind), 1) << to_string(row.reason);
        EXPECT_EQ(counts.attempts_in_all(), 1);
        EXPECT_EQ(counts.attempts_failed(), row.kind == Counted::status_2xx ? 0 : 1);
    }
}

TEST(Counts, BucketsHaveInclusiveUpperBounds) {
    EXPECT_EQ(duration_bound(0), Duration{1ms});
    EXPECT_EQ(duration_bound(5), Duration{50ms});
    EXPECT_EQ(duration_bound(duration_bounds - 1), Duration{500'000s});
    Counts counts;
    counts.add_attempt(OutcomeReason::accepted, 200, 0us);
    counts.add_attempt(OutcomeReason::accepted, 200, 1ms);
    counts.add_attempt(OutcomeReason::accepted, 200, 1001us);
    counts.add_attempt(OutcomeReason::accepted, 200, 30s);
    counts.add_attempt(OutcomeReason::accepted, 200, 24h);
    EXPECT_EQ(counts.attempts[0], 2);
    EXPECT_EQ(counts.attempts[1], 1);
    EXPECT_EQ(counts.attempts[attempt_buckets - 2], 1);
    EXPECT_EQ(counts.attempts[attempt_buckets - 1], 1);
    counts.add_delivered(240h);
    EXPECT_EQ(counts.waits[wait_buckets - 1], 1);
}

TEST(Counts, PercentilesLieInTheirBucket) {
    Counts counts;
    EXPECT_EQ(percentile(counts.attempts, 50), std::nullopt);
    for (int i = 0; i < 98; ++i) counts.add_attempt(OutcomeReason::accepted, 200, 3ms);
    counts.add_attempt(OutcomeReason::accepted, 200, 900ms);
    counts.add_attempt(OutcomeReason::accepted, 200, 60s);
    const auto p50 = percentile(counts.attempts, 50);
    EXPECT_GT(*p50, 2ms);
    EXPECT_LE(*p50, 5ms);
    const auto p99 = percentile(counts.attempts, 99);
    EXPECT_GT(*p99, 500ms);
    EXPECT_LE(*p99, 1s);
    EXPECT_EQ(percentile(counts.attempts, 100), Duration{50s}) << "as much as is known of it";
}

TEST(LastResults, AddingStretchesIsAsIfTheyWereOne) {
    SeededRandom random(11);
    for (int round = 0; round < 200; ++round) {
        LastResults whole, sum, part;
        for (int i = 0; i < 12; ++i) {
            const auto reason =
                random.next() % 3 == 0 ? OutcomeReason::accepted : OutcomeReason::refused_by_status;
            const int status = reason == OutcomeReason::accepted ? 200 : 500 + i;
            whole.add_attempt(at(i), reason, status);
            part.add_attempt(at(i), reason, status);
            if (random.next() % 4 == 0) {
                sum.add(part);
                part = {};
            }
        }
        sum.add(part);
        EXPECT_EQ(sum, whole);
    }
}

Counting some_counting(std::uint8_t n) {
    Counting counting{.realm = RealmId{uuid(1)},
                      .webhook = WebhookId{uuid(n)},
                      .minute = at(60 * n),
                      .counts = {},
                      .last = {}};
    counting.counts.add_attempt(OutcomeReason::response_timeout, 0, 15s);
    counting.counts.add_attempt(OutcomeReason::accepted, 200, 12ms);
    counting.counts.add_delivered(5min);
    counting.counts.of(Counted::cancelled) = 1'000'000;
    counting.last.add_attempt(at(60 * n + 1), OutcomeReason::accepted, 200);
    counting.last.add_attempt(at(60 * n + 2), OutcomeReason::refused_by_status, 503);
    return counting;
}

TEST(Counters, BytesAndBack) {
    std::vector<Counting> all{some_counting(2), some_counting(3)};
    all[1].realm = RealmId{uuid(9)};
    const std::string bytes = to_bytes(all);
    EXPECT_EQ(countings_of(bytes), all);
    EXPECT_EQ(countings_of(bytes, RealmId{uuid(9)}), std::vector{all[1]});
    EXPECT_EQ(counts_of(to_bytes(all[0].counts)), all[0].counts);
}

TEST(Counters, WhatIsNotOursIsNoCount) {
    const std::string bytes = to_bytes(std::vector{some_counting(2)});
    for (std::size_t cut = 0; cut + 1 < bytes.size(); ++cut) {
        EXPECT_EQ(countings_of(bytes.substr(0, cut + 1)).has_value(), cut == 0) << cut;
    }
    SeededRandom random(3);
    for (int round = 0; round < 20'000; ++round) {
        std::string spoilt = bytes;
        spoilt[random.next() % spoilt.size()] = static_cast<char>(random.next());
        (void)countings_of(spoilt);
        (void)counts_of(spoilt);
    }
    EXPECT_EQ(counts_of(""), std::nullopt);
    EXPECT_EQ(counts_of("hello"), std::nullopt);
}

TEST(Counters, ARowThatCannotBeReadIsLeftOutAndTheOthersAreFolded) {
    TemporaryStore store;
    const auto folded = write_now<bool>(*store, [](Transaction& tx) -> Result<bool> {
        static constexpr sql::Query broken{
            "INSERT INTO outcome_log (id, entries) VALUES (x'00', x'00')"};
        POSTRIDER_TRY(tx.sql().run(broken));
        Tally tally;
        tally.at({}, {}, tx.now()).counts.of(Counted::delivered) = 1;
        POSTRIDER_TRY(counters_table::append(tx, tally.take()));
        return counters_table::fold(tx, 100);
    });
    ASSERT_TRUE(folded) << folded.error().message;
    EXPECT_FALSE(read_now<bool>(*store, counters_table::has_log).value());
}

}  // namespace
}  // namespace postrider::store
