#include "store/reader_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "store/temporary_store_test.h"

namespace postrider::store {
namespace {

/// Counts to `limit`, one row after the other.
Result<std::int64_t> count_to(sql::Connection& sql, std::int64_t limit) {
    static constexpr sql::Query query{
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < $1) "
        "SELECT COUNT(*) FROM c"};
    auto rows = sql.rows(query, limit);
    const std::int64_t count = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return count;
}

// Several times what an ordinary read has at first.
constexpr std::int64_t for_some_40_ms = 500'000;
constexpr std::int64_t for_minutes = 10'000'000'000;

class ReaderPoolTest : public testing::Test {
 protected:
    using Count = std::future<Result<std::int64_t>>;

    Count count_later(char realm, std::int64_t limit, ReadClass read_class = ReadClass::ordinary) {
        auto promise = std::make_shared<std::promise<Result<std::int64_t>>>();
        Turn turn;
        turn.realm.uuid.bytes.fill(static_cast<std::uint8_t>(realm));
        store::read<std::int64_t>(
            *store, turn,
            [this, limit](sql::Connection& sql) {
                runs += 1;
                return count_to(sql, limit);
            },
            [promise](Result<std::int64_t> count) { promise->set_value(std::move(count)); },
            read_class);
        return promise->get_future();
    }

    /// A read that uses so much of a core without a statement, asks meanwhile whether that is too
    /// long, and then runs a short one.
    Count compute_later(int times_10_ms, ReadClass read_class = ReadClass::ordinary) {
        auto promise = std::make_shared<std::promise<Result<std::int64_t>>>();
        store::read<std::int64_t>(
            *store, Turn{},
            [this, times_10_ms](sql::Connection& sql) -> Result<std::int64_t> {
                runs += 1;
                const auto used = [] {
                    timespec now{};
                    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
                    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
                };
                for (const auto end = used() + times_10_ms * 10ms; used() < end;) {
                    if (asks) POSTRIDER_TRY(sql.check_time());
                }
                return count_to(sql, 1);
            },
            [promise](Result<std::int64_t> count) { promise->set_value(std::move(count)); },
            read_class);
        return promise->get_future();
    }

    /// With its count; or, where a busy machine took a second for it, refused.
    static bool is_answered(Count& count) {
        const auto answer = count.get();
        if (answer) return *answer == for_some_40_ms;
        return answer.error().problem == std::string_view("filter-too-wide");
    }

    std::atomic<int> runs = 0;
    std::atomic<bool> asks = true;
    TemporaryStore store;
};

TEST_F(ReaderPoolTest, a_short_read_runs_once_and_a_long_one_again_with_more_time) {
    EXPECT_EQ(count_later(1, 10).get().value_or(0), 10);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(count_later(1, for_some_40_ms).get().value_or(0), for_some_40_ms);
    EXPECT_EQ(runs, 3);
}

TEST_F(ReaderPoolTest, one_that_takes_too_long_is_refused_for_its_filters) {
    const auto count = count_later(1, for_minutes).get();
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().problem, std::string_view("filter-too-wide"));
    EXPECT_EQ(runs, 2);
}

TEST_F(ReaderPoolTest, what_is_done_with_rows_is_a_part_of_the_time) {
    EXPECT_EQ(compute_later(3).get().value_or(0), 1);
    EXPECT_EQ(runs, 2) << "among the long ones";
    asks = false;
    EXPECT_EQ(compute_later(3).get().value_or(0), 1);
    EXPECT_EQ(runs, 4) << "the next statement asks";
}

TEST_F(ReaderPoolTest, a_lengthy_read_begins_among_the_long_ones) {
    EXPECT_EQ(compute_later(3, ReadClass::lengthy).get().value_or(0), 1);
    EXPECT_EQ(runs, 1);
    Turn turn;
    turn.realm.uuid.bytes.fill(1);
    auto promise = std::make_shared<std::promise<bool>>();
    auto future = promise->get_future();
    store->read(turn, ReadClass::lengthy, [promise](Result<Snapshot*> snapshot) {
        bool is_half_used = false;
        Result<void> left = {};
        while (left) {
            left = (*snapshot)->sql().check_time();
            is_half_used = is_half_used || (*snapshot)->sql().is_half_used();
        }
        promise->set_value(is_half_used && !(*snapshot)->runs_again());
    });
    EXPECT_TRUE(future.get());
}

TEST_F(ReaderPoolTest, long_reads_hold_up_nobody_but_each_other) {
    std::vector<Count> long_ones;
    long_ones.reserve(6);
    for (int i = 0; i < 6; ++i) long_ones.push_back(count_later(1, for_some_40_ms));
    EXPECT_EQ(count_later(2, 10).get().value_or(0), 10);
    const auto is_done = [](const Count& count) {
        return count.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    };
    EXPECT_LE(std::ranges::count_if(long_ones, is_done), 1);
    for (auto& each : long_ones) EXPECT_TRUE(is_answered(each));
}

TEST_F(ReaderPoolTest, who_has_several_long_reads_has_the_next_one_among_them) {
    std::vector<Count> long_ones;
    for (int i = 0; i < 5; ++i) long_ones.push_back(count_later(1, for_some_40_ms));
    // Five have begun, and the second of them for the second time: four are long ones now.
    while (runs < 7) std::this_thread::yield();
    Count next = count_later(1, 10);
    EXPECT_EQ(count_later(2, 10).get().value_or(0), 10) << "another realm's is a short one";
    EXPECT_EQ(next.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    for (auto& each : long_ones) EXPECT_TRUE(is_answered(each));
    EXPECT_EQ(next.get().value_or(0), 10);
    EXPECT_EQ(count_later(1, 10).get().value_or(0), 10);
}

TEST_F(ReaderPoolTest, the_first_class_has_a_thread_of_its_own) {
    std::promise<void> gate;
    auto opened = gate.get_future().share();
    std::vector<std::promise<void>> entered(2);
    for (auto& inside : entered) {
        store->read(Turn::server(), ReadClass::ordinary,
                    [opened, &inside](const Result<Snapshot*>&) {
                        inside.set_value();
                        opened.wait();
                    });
    }
    for (auto& inside : entered) inside.get_future().wait();
    EXPECT_EQ(count_later(1, 10, ReadClass::first).get().value_or(0), 10);
    gate.set_value();
}

TEST_F(ReaderPoolTest, a_stop_ends_what_is_queued_long_reads_too) {
    std::vector<Count> counts;
    counts.reserve(3);
    for (int i = 0; i < 3; ++i) counts.push_back(count_later(1, for_some_40_ms));
    store->stop();
    for (auto& each : counts) EXPECT_TRUE(is_answered(each));
    EXPECT_FALSE(count_later(1, 1).get());
}

}  // namespace
}  // namespace postrider::store
