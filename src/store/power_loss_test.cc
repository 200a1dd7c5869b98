// What is acknowledged outlives a power cut, at any moment: also while slices of the index are
// built, while the WAL moves into the file, at the start and during recovery.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <random>
#include <set>

#include "base/clock.h"
#include "base/random.h"
#include "model/limits.h"
#include "store/event_page.h"
#include "store/sql/forgetful_disk_test.h"
#include "store/sql/sqlite_connection.h"
#include "store/sqlite_store.h"
#include "store/tables.h"

namespace postrider::store {
namespace {

using sql::ForgetfulDisk;

/// How many cuts; `make proof` makes 1,000.
int cuts_asked() {
    const char* count = std::getenv("POSTRIDER_POWER_CUTS");
    return count == nullptr ? 60 : std::atoi(count);
}

/// What the client of a store was told.
struct Told {
    std::set<EventId> events;
    std::set<DeliveryId> delivered;
};

/// What was found wrong after cuts.
struct Findings {
    int cuts = 0;
    int nested = 0;  ///< of them: at the start after another one
    std::size_t acknowledged = 0;
    std::size_t slices = 0;  ///< that were there after a cut, in all
    int lost = 0;
    int corrupt = 0;
    int wrong_index = 0;
};

enum class Fault {
    none,
    lying_disk,  ///< what synchronous=NORMAL comes to: the WAL is not synced at a commit
    acknowledges_early,
};

class PowerLoss {
 public:
    PowerLoss(std::uint64_t seed, Fault fault) : numbers_(seed), fault_(fault), disk_(seed) {
        for (auto& resource : resources_) resource.uuid = random_id();
        realm_.uuid = random_id();
        webhook_.uuid = random_id();
        if (fault == Fault::lying_disk) disk_.lie_about("-wal");
        begin({});
    }
    ~PowerLoss() {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    Findings run(int cuts) {
        while (findings_.cuts < cuts) {
            cut_after(1 + numbers_() % 700);
            open();
            while (!disk_.is_cut()) write_some();
            recover();
            if (findings_.cuts % 20 == 0) begin({});
        }
        return findings_;
    }

 private:
    Uuid random_id() {
        std::string bytes(16, '\0');
        for (char& byte : bytes) byte = static_cast<char>(numbers_());
        return Uuid::from_bytes(bytes);
    }
    /// A new folder with what is left.
    void begin(const ForgetfulDisk::Picture& picture) {
        store_.reset();
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
        disk_.forget_files();
        char pattern[] = "/tmp/postrider-power-XXXXXX";
        CHECK(mkdtemp(pattern) != nullptr);
        folder_ = pattern;
        for (const auto& [name, content] : picture) {
            std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
        }
        if (picture.empty()) told_ = {};
    }
    void open() {
        auto opened = open_sqlite({.path = folder_ + "/test.db"}, clock_, random_);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    void cut_after(std::uint64_t steps) {
        disk_.cut_after(steps, [this] { told_at_cut_ = told_; });
    }

    /// Events with a delivery each, and the outcome of some that are there.
    void write_some() {
        std::vector<EventRow> events(1 + numbers_() % (numbers_() % 4 == 0 ? 400 : 20));
        for (auto& row : events) {
            row.realm = realm_;
            row.type = "order.paid";
            row.resource_id = resources_[numbers_() % resources_.size()];
            row.origin = EventOrigin::api;
            row.data = "{\"text\":\"" + std::string(numbers_() % 600, 'x') + "\"}";
        }
        std::vector<DeliveryRow> made(events.size());
        auto settled = std::exchange(open_, {});
        std::promise<Result<void>> done;
        const auto tell = [&] {
            disk_.outside_of_cuts([&] {
                for (const auto& row : events) told_.events.insert(row.id);
                for (const auto& row : settled) told_.delivered.insert(row.id);
            });
        };
        store_->write(
            Turn::of(realm_), WriteClass::ordinary,
            [&](Transaction& tx) -> Result<void> {
                for (std::size_t i = 0; i < events.size(); ++i) {
                    events[i].id = tx.mint_id<EventId>();
                    made[i].realm = realm_;
                    made[i].id = tx.mint_id<DeliveryId>();
                    made[i].webhook = webhook_;
                    made[i].event = events[i].id;
                    made[i].due_at = made[i].pending_since = tx.now();
                }
                POSTRIDER_TRY(events_table::insert_all(tx, events));
                POSTRIDER_TRY(deliveries_table::insert_all(tx, made));
                std::vector<const DeliveryRow*> rows;
                for (auto& row : settled) {
                    row.state = DeliveryState::delivered;
                    row.attempts = 1;
                    row.finished_at = tx.now();
                    rows.push_back(&row);
                }
                std::vector<bool> applied;
                POSTRIDER_TRY(deliveries_table::settle_all(tx, rows, applied));
                if (fault_ == Fault::acknowledges_early) tell();
                return {};
            },
            [&](Result<void> result) { done.set_value(std::move(result)); });
        const auto result = done.get_future().get();
        ASSERT_TRUE(result) << result.error().message;
        tell();
        open_.assign(made.begin(),
                     made.begin() + static_cast<std::ptrdiff_t>(numbers_() % (made.size() + 1)));
    }

    /// The power is cut, perhaps again while the store starts, and the store is looked at.
    void recover() {
        while (true) {
            ++findings_.cuts;
            open_.clear();
            const auto picture = disk_.picture();
            told_ = told_at_cut_;
            begin(picture);
            const bool again = numbers_() % 3 == 0;
            cut_after(again ? 1 + numbers_() % 12 : 0);
            open();
            if (store_ == nullptr || testing::Test::HasFatalFailure()) return;
            look();
            if (!again || !disk_.is_cut()) break;
            ++findings_.nested;
        }
        store_.reset();
        if (!is_whole()) ++findings_.corrupt;
    }

    template <typename T>
    T read(std::function<Result<T>(sql::Connection&)> reader) {
        std::promise<Result<T>> done;
        store::read<T>(*store_, Turn::server(), std::move(reader),
                       [&](Result<T> result) { done.set_value(std::move(result)); });
        auto result = done.get_future().get();
        EXPECT_TRUE(result) << result.error().message;
        return result ? std::move(*result) : T{};
    }
    struct There {
        std::map<ResourceId, std::vector<EventId>> events;  ///< newest first
        std::set<EventId> all;
        std::set<DeliveryId> delivered;
        std::size_t slices = 0;
    };
    /// The rows themselves, by no index.
    There rows() {
        return read<There>([&](sql::Connection& sql) -> Result<There> {
            There there;
            static constexpr sql::Query events{
                "SELECT resource_id, id FROM events ORDER BY id DESC"};
            auto found = sql.rows(events);
            while (found.next()) {
                const auto id = found.id<EventId>(1);
                there.all.insert(id);
                there.events[found.id<ResourceId>(0)].push_back(id);
            }
            POSTRIDER_TRY(found.finish());
            static constexpr sql::Query deliveries{
                "SELECT id FROM deliveries WHERE state = 'delivered'"};
            auto settled = sql.rows(deliveries);
            while (settled.next()) there.delivered.insert(settled.id<DeliveryId>(0));
            POSTRIDER_TRY(settled.finish());
            static constexpr sql::Query slices{"SELECT count(*) FROM resource_slices"};
            auto counted = sql.rows(slices);
            if (counted.next()) there.slices = static_cast<std::size_t>(counted.integer(0));
            POSTRIDER_TRY(counted.finish());
            return there;
        });
    }
    void look() {
        const auto there = rows();
        findings_.acknowledged += told_.events.size();
        findings_.slices += there.slices;
        const bool has_all = std::ranges::includes(there.all, told_.events) &&
                             std::ranges::includes(there.delivered, told_.delivered);
        if (!has_all) ++findings_.lost;
        // What was not acknowledged may be there all the same.
        disk_.outside_of_cuts([&] { told_ = {there.all, there.delivered}; });
        for (const auto& resource : resources_) {
            EventFilter filter;
            filter.resource_id = resource;
            const auto page = read<EventPage>([&](sql::Connection& sql) {
                return events_table::page(sql, realm_, filter, {}, 1'000'000, SIZE_MAX);
            });
            std::vector<EventId> listed;
            for (const auto& row : page.rows) listed.push_back(row.id);
            const auto expected = there.events.find(resource);
            if (listed !=
                (expected == there.events.end() ? std::vector<EventId>{} : expected->second)) {
                ++findings_.wrong_index;
            }
        }
    }
    bool is_whole() {
        auto connection = sql::SqliteConnection::open(folder_ + "/test.db",
                                                      sql::SqliteConnection::Mode::checkpointer);
        if (!connection) return false;
        static constexpr sql::Query query{"PRAGMA integrity_check"};
        auto rows = (*connection)->rows(query);
        bool whole = false;
        while (rows.next()) whole = rows.string(0) == "ok";
        return rows.finish() && whole;
    }

    std::mt19937_64 numbers_;
    const Fault fault_;
    SystemClock clock_;
    SystemRandom random_;
    ForgetfulDisk disk_;
    std::string folder_;
    std::unique_ptr<Store> store_;
    RealmId realm_;
    WebhookId webhook_;
    std::array<ResourceId, 12> resources_;
    std::vector<DeliveryRow> open_;  ///< deliveries whose outcome comes with the next write
    Told told_;
    Told told_at_cut_;
    Findings findings_;
};

TEST(PowerLossTest, nothing_that_was_acknowledged_is_lost) {
    PowerLoss power(20261130, Fault::none);
    const auto found = power.run(cuts_asked());
    std::printf(
        "%d power cuts, %d of them at the start after another; events acknowledged %zu, lost "
        "%d, corrupt %d, index unlike the rows %d; slices seen %zu\n",
        found.cuts, found.nested, found.acknowledged, found.lost, found.corrupt, found.wrong_index,
        found.slices);
    EXPECT_EQ(found.lost, 0);
    EXPECT_EQ(found.corrupt, 0);
    EXPECT_EQ(found.wrong_index, 0);
    EXPECT_GT(found.nested, 0);
    EXPECT_GT(found.slices, 0u);
}

// The test would see it.
TEST(PowerLossTest, a_commit_that_is_not_synced_is_seen_to_lose) {
    EXPECT_GT(PowerLoss(1, Fault::lying_disk).run(10).lost, 0);
}

TEST(PowerLossTest, an_acknowledgement_before_the_commit_is_seen_to_lose) {
    EXPECT_GT(PowerLoss(2, Fault::acknowledges_early).run(20).lost, 0);
}

}  // namespace
}  // namespace postrider::store
