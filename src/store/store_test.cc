#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <future>
#include <thread>

#include "store/sql/sqlite_connection.h"
#include "store/sqlite_store.h"
#include "store/tables.h"

namespace postrider::store {
namespace {

class StoreTest : public testing::Test {
 protected:
    StoreTest() {
        char pattern[] = "/tmp/postrider-store-XXXXXX";
        folder_ = mkdtemp(pattern);
        open();
    }
    ~StoreTest() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open() {
        auto opened = open_sqlite({.path = folder_ + "/test.db"}, clock_, random_);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    Result<void> write(Closure closure) {
        std::promise<Result<void>> done;
        store_->write(Turn::server(), WriteClass::ordinary, std::move(closure),
                      [&](Result<void> result) { done.set_value(std::move(result)); });
        return done.get_future().get();
    }
    template <typename T>
    Result<T> read(std::function<Result<T>(sql::Connection&)> reader) {
        std::promise<Result<T>> done;
        store::read<T>(*store_, Turn::server(), std::move(reader),
                       [&](Result<T> result) { done.set_value(std::move(result)); });
        return done.get_future().get();
    }
    std::optional<std::string> value_of(std::string name) {
        return *read<std::optional<std::string>>(
            [name](sql::Connection& sql) { return state_table::get(sql, name); });
    }

    std::string folder_;
    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, a_committed_write_is_read_back_after_reopening) {
    ASSERT_TRUE(write([](Transaction& tx) { return state_table::put(tx, "a", "1"); }));
    EXPECT_EQ(value_of("a"), "1");
    store_.reset();
    open();
    EXPECT_EQ(value_of("a"), "1");
}

TEST_F(StoreTest, an_error_rolls_back_its_own_closure_and_its_after_commit_tasks) {
    bool task_ran = false;
    auto result = write([&](Transaction& tx) -> Result<void> {
        tx.after_commit([&] { task_ran = true; });
        POSTRIDER_TRY(state_table::put(tx, "b", "1"));
        return fail(ErrorCode::conflict, "no");
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::conflict);
    EXPECT_FALSE(task_ran);
    EXPECT_EQ(value_of("b"), std::nullopt);
}

TEST_F(StoreTest, closures_of_one_group_fail_alone) {
    std::promise<void> gate;
    auto opened = gate.get_future().share();
    std::atomic<int> ok = 0, failed = 0;
    std::promise<void> all;
    auto count = [&](Result<void> result) {
        (result ? ok : failed)++;
        if (ok + failed == 101) all.set_value();
    };
    // The first holds the writer until a group of 100 waits behind it.
    store_->write(
        Turn::server(), WriteClass::ordinary,
        [opened](Transaction&) -> Result<void> {
            opened.wait();
            return {};
        },
        count);
    for (int i = 0; i < 100; ++i) {
        store_->write(
            Turn::server(), WriteClass::ordinary,
            [i](Transaction& tx) -> Result<void> {
                POSTRIDER_TRY(state_table::put(tx, "k" + std::to_string(i), "v"));
                if (i % 2 == 0) return fail(ErrorCode::conflict, "even");
                return {};
            },
            count);
    }
    auto before = store_->last_commit();
    gate.set_value();
    all.get_future().wait();
    EXPECT_EQ(ok, 51);
    EXPECT_EQ(failed, 50);
    EXPECT_LE(store_->last_commit() - before, 3u);
    EXPECT_EQ(value_of("k1"), "v");
    EXPECT_EQ(value_of("k2"), std::nullopt);
}

TEST_F(StoreTest, outcomes_that_nobody_waits_for_share_the_commit_of_what_comes_next) {
    const auto hand_over = [this](std::promise<CommitNumber>& done) {
        store_->write(
            Turn::server(), WriteClass::unhurried_outcomes,
            [&done](Transaction& tx) -> Result<void> {
                tx.after_commit([&done, commit = tx.commit_number()] { done.set_value(commit); });
                return {};
            },
            nullptr);
    };
    bool shared = false;
    // The machine may be so busy that what comes next comes late.
    for (int i = 0; i < 100 && !shared; ++i) {
        std::promise<CommitNumber> unhurried;
        hand_over(unhurried);
        CommitNumber next = 0;
        ASSERT_TRUE(write([&](Transaction& tx) -> Result<void> {
            next = tx.commit_number();
            return {};
        }));
        shared = unhurried.get_future().get() == next;
    }
    EXPECT_TRUE(shared);

    const auto before = std::chrono::steady_clock::now();
    std::promise<CommitNumber> alone;
    hand_over(alone);
    alone.get_future().wait();
    EXPECT_GE(std::chrono::steady_clock::now() - before, limits::unhurried_commit_after / 2);
}

TEST_F(StoreTest, a_change_that_filled_a_group_lets_one_go_without_its_realm) {
    const auto realm_of = [](std::uint8_t byte) {
        RealmId realm;
        realm.uuid.bytes.fill(byte);
        return realm;
    };
    std::promise<void> queued;
    std::array<std::promise<CommitNumber>, 3> done;
    const auto hand_over = [&](const RealmId& realm, std::size_t at) {
        store_->write(
            Turn::of(realm), WriteClass::ordinary,
            [&, at](Transaction& tx) -> Result<void> {
                if (at == 0) {
                    queued.get_future().wait();
                    std::this_thread::sleep_for(limits::writer_group_duration_max);
                }
                tx.after_commit(
                    [&done, at, commit = tx.commit_number()] { done[at].set_value(commit); });
                return {};
            },
            nullptr);
    };
    hand_over(realm_of(1), 0);
    hand_over(realm_of(1), 1);
    hand_over(realm_of(2), 2);
    queued.set_value();
    const auto filled = done[0].get_future().get();
    EXPECT_EQ(done[2].get_future().get(), filled + 1);
    EXPECT_EQ(done[1].get_future().get(), filled + 2);
}

TEST_F(StoreTest, ids_ascend_over_restarts) {
    Uuid first, second;
    ASSERT_TRUE(write([&](Transaction& tx) -> Result<void> {
        first = tx.mint();
        return {};
    }));
    store_.reset();
    open();
    ASSERT_TRUE(write([&](Transaction& tx) -> Result<void> {
        second = tx.mint();
        return {};
    }));
    EXPECT_LT(first, second);
}

TEST_F(StoreTest, a_second_process_is_refused) {
    auto second = open_sqlite({.path = folder_ + "/test.db"}, clock_, random_);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("in use by another postrider process"),
              std::string::npos);
}

TEST_F(StoreTest, a_newer_database_is_refused) {
    store_.reset();
    {
        auto sql =
            sql::SqliteConnection::open(folder_ + "/test.db", sql::SqliteConnection::Mode::writer);
        ASSERT_TRUE((*sql)->execute("PRAGMA user_version=99"));
    }
    auto opened = open_sqlite({.path = folder_ + "/test.db"}, clock_, random_);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("newer Postrider"), std::string::npos);
}

TEST_F(StoreTest, auto_vacuum_is_on) {
    static constexpr sql::Query query{"PRAGMA auto_vacuum"};
    auto mode = read<std::int64_t>([](sql::Connection& sql) -> Result<std::int64_t> {
        auto rows = sql.rows(query);
        if (!rows.next()) return fail(ErrorCode::internal, "no row");
        return rows.integer(0);
    });
    EXPECT_EQ(*mode, 2);  // incremental
}

}  // namespace
}  // namespace postrider::store
