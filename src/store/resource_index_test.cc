#include "store/resource_index.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <map>
#include <random>
#include <thread>

#include "model/limits.h"
#include "store/event_page.h"
#include "store/sql/sqlite_connection.h"
#include "store/temporary_store_test.h"

namespace postrider::store {
namespace {

/// Random events of few resources, in a store and in a map beside it.
class ResourceIndexTest : public testing::Test {
 protected:
    ResourceIndexTest() {
        for (auto& realm : realms_) realm = RealmId{random_id()};
        for (auto& resource : resources_) resource = ResourceId{random_id()};
    }
    Uuid random_id() {
        std::string bytes(16, '\0');
        for (char& byte : bytes) byte = static_cast<char>(numbers_());
        return Uuid::from_bytes(bytes);
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
    void write(const RealmId& realm, Closure closure) {
        std::promise<Result<void>> done;
        store_->write(Turn::of(realm), WriteClass::ordinary, std::move(closure),
                      [&](Result<void> result) { done.set_value(std::move(result)); });
        auto result = done.get_future().get();
        ASSERT_TRUE(result) << result.error().message;
    }
    void publish(const RealmId& realm, std::size_t count) {
        std::vector<EventRow> rows(count);
        for (auto& row : rows) {
            row = {.realm = realm,
                   .id = {},
                   .type = "order.paid",
                   .resource_id = resources_[numbers_() % resources_.size()],
                   .timestamp = {},
                   .origin = EventOrigin::api,
                   .data = "{}"};
        }
        write(realm, [&rows](Transaction& tx) {
            for (auto& row : rows) row.id = tx.mint_id<EventId>();
            return events_table::insert_all(tx, rows);
        });
        for (const auto& row : rows) events_[{realm, row.resource_id}].push_back(row.id);
    }
    std::size_t slices(const RealmId& realm) {
        return read<std::size_t>([&](sql::Connection& sql) -> Result<std::size_t> {
            static constexpr sql::Query query{
                "SELECT count(*) FROM resource_slices WHERE realm_id = $1"};
            auto rows = sql.rows(query, realm);
            const std::size_t found = rows.next() ? static_cast<std::size_t>(rows.integer(0)) : 0;
            POSTRIDER_TRY(rows.finish());
            return found;
        });
    }
    void wait_for_slices(const RealmId& realm, std::size_t count) {
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        while (slices(realm) != count) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << slices(realm);
            std::this_thread::yield();
        }
    }
    /// In pages of `limit`, from the newest event to the oldest.
    std::vector<EventId> list(const RealmId& realm, const ResourceId& resource, std::size_t limit) {
        std::vector<EventId> found;
        std::optional<EventId> before;
        while (true) {
            EventFilter filter;
            filter.resource_id = resource;
            const auto page = read<EventPage>([&](sql::Connection& sql) {
                return events_table::page(sql, realm, filter, before, limit, SIZE_MAX);
            });
            for (const auto& row : page.rows) found.push_back(row.id);
            if (page.rows.size() < limit) return found;
            before = found.back();
        }
    }
    void expect_every_event(std::size_t limit) {
        for (const auto& realm : realms_) {
            for (const auto& resource : resources_) {
                auto expected = events_[{realm, resource}];
                std::ranges::reverse(expected);
                ASSERT_EQ(list(realm, resource, limit), expected);
            }
        }
    }

    TemporaryStore store_;
    std::mt19937_64 numbers_{7};
    std::array<RealmId, 3> realms_;
    std::array<ResourceId, 12> resources_;
    std::map<std::pair<RealmId, ResourceId>, std::vector<EventId>> events_;
};

constexpr std::size_t slice_rows = limits::resource_slice_rows;

TEST_F(ResourceIndexTest, a_search_has_every_event_while_slices_are_built) {
    for (int round = 0; round < 6; ++round) {
        for (const auto& realm : realms_) publish(realm, 1400);
        expect_every_event(round % 2 == 0 ? 1000 : 70);
    }
    for (const auto& realm : realms_) wait_for_slices(realm, 6 * 1400 / slice_rows);
    expect_every_event(70);
    store_.reopen();
    expect_every_event(1000);
}

TEST_F(ResourceIndexTest, a_slice_whose_events_are_gone_goes_too) {
    const auto& realm = realms_[0];
    for (int i = 0; i < 9; ++i) publish(realm, slice_rows / 4);
    wait_for_slices(realm, 2);
    for (auto& [key, ids] : events_) {
        write(realm, [&](Transaction& tx) -> Result<void> {
            for (const auto& id : ids) {
                POSTRIDER_ASSIGN([[maybe_unused]] const auto removed,
                                 events_table::expire(tx, realm, id, 10));
            }
            return {};
        });
        ids.clear();
    }
    store_.reopen();
    wait_for_slices(realm, 0);
    expect_every_event(10);
}

TEST_F(ResourceIndexTest, an_interrupted_slice_is_not_seen_and_its_number_is_used_again) {
    const auto& realm = realms_[0];
    // As a crash leaves it: entries of the next slice, of an event that there is.
    publish(realm, 100);
    write(realm, [&](Transaction& tx) {
        const resource_index::Entry entry{resources_[0], EventId{random_id()}};
        return resource_index::add(tx, 1, std::span(&entry, 1));
    });
    expect_every_event(10);
    for (int i = 0; i < 5; ++i) publish(realm, slice_rows / 4);
    wait_for_slices(realm, 1);
    expect_every_event(10);
    const auto entries = read<std::size_t>([](sql::Connection& sql) -> Result<std::size_t> {
        static constexpr sql::Query query{"SELECT count(*) FROM resource_entries"};
        auto rows = sql.rows(query);
        const std::size_t found = rows.next() ? static_cast<std::size_t>(rows.integer(0)) : 0;
        POSTRIDER_TRY(rows.finish());
        return found;
    });
    EXPECT_EQ(entries, slice_rows);
}

TEST_F(ResourceIndexTest, a_store_of_the_version_before_and_a_lost_index_are_built_anew) {
    for (const auto& realm : realms_) publish(realm, 300);
    for (const char* damage :
         {"CREATE INDEX events_by_resource ON events (realm_id, resource_id, id)",
          "DELETE FROM resource_slices"}) {
        store_.with_file([&](sql::SqliteConnection& sql) { ASSERT_TRUE(sql.execute(damage)); });
        expect_every_event(10);
        for (const auto& realm : realms_) EXPECT_EQ(slices(realm), 1U);
    }
}

}  // namespace
}  // namespace postrider::store
