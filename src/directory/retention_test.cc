#include "directory/retention.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "store/id_range.h"
#include "store/tables.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::directory {
namespace {

class RetentionTest : public testing::Test {
 protected:
    ~RetentionTest() override { store_->stop(); }

    Uuid id_at(Timestamp time) {
        Uuid id = store::first_id_at(time);
        id.bytes[14] = static_cast<std::uint8_t>(++count_ >> 8);
        id.bytes[15] = static_cast<std::uint8_t>(count_);
        return id;
    }
    template <typename F>
    void write(F closure) {
        auto done = store::write_now<bool>(*store_, [&](store::Transaction& tx) -> Result<bool> {
            POSTRIDER_TRY(closure(tx));
            return true;
        });
        ASSERT_TRUE(done) << done.error().message;
    }
    RealmId realm(const std::string& name, const std::string& settings) {
        const RealmId id{id_at(now_)};
        write([&](store::Transaction& tx) {
            return store::realms_table::insert(tx, {.id = id,
                                                    .name = name,
                                                    .display_name = name,
                                                    .settings = settings,
                                                    .created_at = now_,
                                                    .updated_at = now_});
        });
        return id;
    }
    EventId event(const RealmId& of, Duration age, std::vector<DeliveryState> deliveries) {
        const EventId id{id_at(now_ - age)};
        write([&](store::Transaction& tx) -> Result<void> {
            POSTRIDER_TRY(store::events_table::insert(
                tx, {of, id, "order.paid", ResourceId{}, now_ - age, EventOrigin::api, "{}"}));
            for (const DeliveryState state : deliveries) {
                store::DeliveryRow row;
                row.realm = of;
                row.id = DeliveryId{id_at(now_ - age)};
                row.webhook = WebhookId{id_at(now_)};
                row.event = id;
                POSTRIDER_TRY(store::deliveries_table::insert(tx, row));
                store::AttemptRow attempt;
                attempt.realm = of;
                attempt.delivery = row.id;
                attempt.number = 1;
                POSTRIDER_TRY(store::attempts_table::insert(tx, attempt));
                row.state = state;
                POSTRIDER_TRY(store::deliveries_table::settle(tx, row));
            }
            return store::audit_table::insert(tx, {.realm = of,
                                                   .id = id_at(now_ - age),
                                                   .actor_kind = "system",
                                                   .actor_id = "test",
                                                   .action = "a.b",
                                                   .resource_id = "",
                                                   .detail = "{}"});
        });
        return id;
    }
    Duration dropped_at_once_{0};

    std::vector<Overdue> overdue() {
        return *store::read_now<std::vector<Overdue>>(*store_, [this](store::sql::Connection& sql) {
            const auto kept =
                retentions(sql, {.timeout = 15s, .retry_schedule = {}, .allowed_networks = {}});
            return find_overdue(sql, now_, *kept, dropped_at_once_);
        });
    }
    /// Steps of `limit` rows until nothing is left; how many.
    int expire_all(std::size_t limit) {
        int steps = 0;
        for (const Overdue& first : overdue()) {
            std::optional<Overdue> left = first;
            while (left) {
                ++steps;
                const Overdue next = *left;
                write([&](store::Transaction& tx) -> Result<void> {
                    POSTRIDER_ASSIGN(left, expire(tx, next, limit));
                    return {};
                });
            }
        }
        return steps;
    }
    std::int64_t count(const char* table) {
        return *store::read_now<std::int64_t>(
            *store_, [&](store::sql::Connection& sql) -> Result<std::int64_t> {
                queries_.push_back("SELECT COUNT(*) FROM " + std::string(table));
                kept_.push_back(std::make_unique<store::sql::Query>(queries_.back()));
                auto rows = sql.rows(*kept_.back());
                rows.next();
                const auto found = rows.integer(0);
                POSTRIDER_TRY(rows.finish());
                return found;
            });
    }

    store::TemporaryStore store_;
    const Timestamp now_ = store_.clock.now();
    unsigned count_ = 0;
    std::deque<std::string> queries_;
    std::vector<std::unique_ptr<store::sql::Query>> kept_;
};

using enum DeliveryState;

TEST_F(RetentionTest, what_is_old_and_final_goes_with_all_that_belongs_to_it) {
    const RealmId acme = realm("acme", "{}");  // 30 days
    const RealmId brief = realm("brief", R"({"retention_days":1})");
    event(acme, 31 * 24h, {delivered, failed});
    event(acme, 31 * 24h, {});
    const EventId held = event(acme, 40 * 24h, {delivered, pending});
    event(acme, 29 * 24h, {cancelled});
    event(brief, 2 * 24h, {delivered});
    event(brief, 23h, {delivered});
    EXPECT_EQ(overdue().size(), 2u);
    for (int round = 0; round < 2; ++round) {
        expire_all(100);
        EXPECT_EQ(count("events"), 3);
        EXPECT_EQ(count("deliveries"), 4);
        EXPECT_EQ(count("attempts"), 4);
        EXPECT_EQ(count("audit"), 2);
    }
    const auto left = overdue();
    ASSERT_EQ(left.size(), 1u) << "the event that a delivery holds";
    EXPECT_EQ(left[0].realm, acme);
    const auto row = *store::read_now<std::optional<store::EventRow>>(
        *store_,
        [&](store::sql::Connection& sql) { return store::events_table::find(sql, acme, held); });
    EXPECT_TRUE(row);
}

TEST_F(RetentionTest, steps_are_small_and_pending_ones_do_not_stop_them) {
    const RealmId acme = realm("acme", "{}");
    for (int i = 0; i < 15; ++i) event(acme, 50 * 24h, {pending});
    event(acme, 45 * 24h, std::vector<DeliveryState>(25, delivered));
    for (int i = 0; i < 15; ++i) event(acme, 40 * 24h, {failed});
    const int steps = expire_all(10);
    EXPECT_GE(steps, 8);
    EXPECT_LE(steps, 20);
    EXPECT_EQ(count("events"), 15);
    EXPECT_EQ(count("deliveries"), 15);
    EXPECT_EQ(count("attempts"), 15);
    EXPECT_EQ(count("audit"), 0);
}

TEST_F(RetentionTest, what_goes_with_its_partition_is_not_deleted_before) {
    dropped_at_once_ = 3 * 24h;
    const RealmId acme = realm("acme", "{}");  // 30 days, and six for its partition to go
    const RealmId brief = realm("brief", R"({"retention_days":1})");
    event(acme, 35 * 24h, {delivered});
    event(acme, 37 * 24h, {delivered});
    event(brief, 2 * 24h, {delivered});
    expire_all(100);
    EXPECT_EQ(count("events"), 1);
    EXPECT_EQ(count("deliveries"), 1);
    EXPECT_EQ(count("attempts"), 1);
    EXPECT_EQ(count("audit"), 0);  // lies in no partition
}

}  // namespace
}  // namespace postrider::directory
