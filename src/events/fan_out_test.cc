#include "events/fan_out.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <set>

#include "events/publisher.h"
#include "model/limits.h"
#include "store/tables.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::events {
namespace {

using store::PublishAnswer;
using store::Transaction;

constexpr std::size_t webhook_count = 600;

constexpr store::sql::Query count_sets{"SELECT COUNT(*) FROM fan_out_sets"};

class CountingSink final : public DeliverySink {
 public:
    void offer(Offer offer) override {
        const MutexLock lock(mutex_);
        offers_.push_back(std::move(offer));
    }
    std::vector<Offer> offers() {
        const MutexLock lock(mutex_);
        return offers_;
    }

 private:
    Mutex mutex_;
    std::vector<Offer> offers_ GUARDED_BY(mutex_);
};

class FanOutTest : public testing::Test {
 protected:
    template <typename F>
    auto change(F closure) {
        using R = std::invoke_result_t<F, Transaction&>;
        return *store::write_now<typename R::value_type>(*store, std::move(closure));
    }
    template <typename F>
    auto look(F reader) {
        using R = std::invoke_result_t<F, store::sql::Connection&>;
        return *store::read_now<typename R::value_type>(*store, std::move(reader));
    }
    FanOutTest() {
        serve();
        realm = change([](Transaction& tx) { return store::insert_realm(tx, "acme"); });
        webhooks = change([this](Transaction& tx) -> Result<std::vector<WebhookId>> {
            std::vector<WebhookId> made;
            for (std::size_t i = 0; i < webhook_count; ++i) {
                store::WebhookRow row{};
                row.realm = realm;
                row.id = tx.mint_id<WebhookId>();
                row.header_names = "[]";
                row.events = R"(["user.*"])";
                row.enabled = true;
                row.signing = R"(["v1"])";
                POSTRIDER_TRY(store::webhooks_table::insert(tx, row));
                made.push_back(row.id);
            }
            POSTRIDER_TRY(store::realms_table::raise_config_version(tx, realm));
            return made;
        });
    }
    ~FanOutTest() override { store->stop(); }

    void serve() {
        fan_out = std::make_unique<FanOut>(*store, sink);
        publisher = std::make_unique<Publisher>(sink, *fan_out);
        store->set_publish_handler([this](auto& tx, auto works, auto answers) {
            return publisher->publish_works(tx, works, answers);
        });
    }
    std::future<Result<PublishAnswer>> publish(std::size_t events = 1) {
        store::PublishWork work;
        work.realm = realm;
        work.shape = store::PublishShape::batch;
        for (std::size_t i = 0; i < events; ++i) {
            work.events.push_back({"user.created", ResourceId{random.bytes16()}, "{}", {}});
        }
        auto promise = std::make_shared<std::promise<Result<PublishAnswer>>>();
        work.done = [promise](Result<PublishAnswer> answer) {
            promise->set_value(std::move(answer));
        };
        store->publish(std::move(work));
        return promise->get_future();
    }
    std::size_t parts() {
        return look([this](store::sql::Connection& sql) {
            return store::fan_outs_table::count(sql, realm, 1000);
        });
    }
    /// Waits for what the answer waits for.
    static void wait_written(const PublishAnswer& answer) {
        ASSERT_TRUE(answer.when_written);
        std::promise<void> written;
        answer.when_written([&written] { written.set_value(); });
        written.get_future().wait();
    }

    struct Ids {
        SystemRandom source;
        Uuid bytes16() { return Uuid::from_bytes(source.bytes(16)); }
    };
    store::TemporaryStore store;
    Ids random;
    CountingSink sink;
    std::unique_ptr<FanOut> fan_out;
    std::unique_ptr<Publisher> publisher;
    RealmId realm;
    std::vector<WebhookId> webhooks;
};

TEST_F(FanOutTest, every_webhook_gets_its_delivery_in_several_transactions) {
    auto answer = publish().get();
    ASSERT_TRUE(answer) << answer.error().message;
    wait_written(*answer);
    const auto offers = sink.offers();
    ASSERT_EQ(offers.size(), webhook_count);
    std::set<WebhookId> reached;
    std::set<store::CommitNumber> commits;
    for (const Offer& offer : offers) {
        reached.insert(offer.row.webhook);
        commits.insert(offer.commit);
    }
    EXPECT_EQ(reached, std::set<WebhookId>(webhooks.begin(), webhooks.end()));
    EXPECT_EQ(commits.size(), webhook_count / limits::fan_out_part_deliveries + 1);
    EXPECT_EQ(parts(), 0U);
}

TEST_F(FanOutTest, later_events_of_the_realm_keep_their_order) {
    auto large = publish(3);
    auto small = publish();
    ASSERT_TRUE(large.get());
    const auto last = small.get();
    ASSERT_TRUE(last);
    wait_written(*last);
    const auto offers = sink.offers();
    ASSERT_EQ(offers.size(), 4 * webhook_count);
    // By webhook, the events come in their order.
    std::map<WebhookId, EventId> latest;
    for (const Offer& offer : offers) {
        auto& before = latest[offer.row.webhook];
        EXPECT_LT(before, offer.row.event);
        before = offer.row.event;
    }
}

TEST_F(FanOutTest, what_a_crash_left_over_is_taken_up) {
    // As if the process had died right after the commit: the parts are there, and nobody at work.
    const EventId event = change([this](Transaction& tx) -> Result<EventId> {
        store::EventRow row{.realm = realm,
                            .id = tx.mint_id<EventId>(),
                            .type = "user.created",
                            .resource_id = {},
                            .timestamp = tx.now(),
                            .origin = EventOrigin::api,
                            .data = "{}"};
        POSTRIDER_TRY(store::events_table::insert(tx, row));
        const store::FanOutRow part{realm, tx.mint(), {row.id}, 1, {webhooks[0], webhooks[1]}};
        POSTRIDER_TRY(store::fan_outs_table::insert_all(tx, std::span(&part, 1)));
        return row.id;
    });
    EXPECT_EQ(parts(), 1U);
    fan_out->resume();
    // Another publish waits for its own parts, which come behind.
    const auto answer = publish().get();
    ASSERT_TRUE(answer);
    wait_written(*answer);
    const auto offers = sink.offers();
    ASSERT_EQ(offers.size(), webhook_count + 2);
    EXPECT_EQ(offers[0].row.event, event);
    EXPECT_EQ(offers[1].row.event, event);
}

TEST_F(FanOutTest, parts_that_cannot_be_read_are_removed_some_at_a_time) {
    static constexpr store::sql::Query insert{
        "INSERT INTO fan_outs (realm_id, id, event_id, config_version, webhooks) "
        "VALUES ($1, $2, $3, $4, $5)"};
    constexpr std::size_t count = 1000;
    change([this](Transaction& tx) -> Result<bool> {
        for (std::size_t i = 0; i < count; ++i) {
            POSTRIDER_TRY(
                tx.sql().run(insert, realm, tx.mint(), tx.mint(), 1, store::sql::Blob{"no ids"}));
        }
        return true;
    });
    const auto before = store->last_commit();
    // Another publish waits for its own parts, which come behind.
    const auto answer = publish().get();
    ASSERT_TRUE(answer);
    wait_written(*answer);
    EXPECT_EQ(parts(), 0U);
    EXPECT_EQ(sink.offers().size(), webhook_count);
    EXPECT_GT(store->last_commit() - before, count / limits::fan_out_part_deliveries);
}

TEST_F(FanOutTest, the_events_of_an_import_are_written_part_by_part_in_their_order) {
    std::vector<NewEvent> events;
    for (std::size_t i = 0; i < 40; ++i) {
        const ResourceId user{random.bytes16()};
        events.push_back({"user.created", user, "{}", {}});
        events.push_back({"user.role.assigned", user, "{}", {}});
    }
    std::promise<void> answered;
    std::size_t rows = 0;
    store->write(
        store::Turn::of(realm), store::WriteClass::ordinary,
        [&](Transaction& tx) -> Result<void> {
            POSTRIDER_TRY(publisher->publish_all(tx, realm, events, EventOrigin::directory));
            auto found = tx.sql().rows(count_sets);
            if (found.next()) rows = static_cast<std::size_t>(found.integer(0));
            return found.finish();
        },
        [&](const Result<void>& result) {
            EXPECT_TRUE(result);
            answered.set_value();
        });
    answered.get_future().wait();
    // One row for 128 webhooks, whatever the number of events; and all is there at the answer.
    EXPECT_EQ(rows, webhook_count / limits::fan_out_part_deliveries + 1);
    EXPECT_EQ(parts(), 0U);
    const auto offers = sink.offers();
    ASSERT_EQ(offers.size(), events.size() * webhook_count);
    std::map<WebhookId, EventId> latest;
    std::map<store::CommitNumber, std::size_t> by_commit;
    for (const Offer& offer : offers) {
        auto& before = latest[offer.row.webhook];
        EXPECT_LT(before, offer.row.event);
        before = offer.row.event;
        ++by_commit[offer.commit];
    }
    for (const auto& [commit, count] : by_commit) {
        EXPECT_LE(count, limits::fan_out_part_deliveries);
    }
}

TEST_F(FanOutTest, an_import_of_a_deleted_realm_leaves_nothing_behind) {
    std::vector<NewEvent> events(20, {"user.created", ResourceId{random.bytes16()}, "{}", {}});
    change([&](Transaction& tx) -> Result<bool> {
        POSTRIDER_TRY(publisher->publish_all(tx, realm, events, EventOrigin::directory));
        POSTRIDER_TRY(store::realms_table::bury(tx, realm, tx.now()));
        return true;
    });
    EXPECT_EQ(parts(), 0U);
    EXPECT_TRUE(sink.offers().empty());
}

TEST_F(FanOutTest, a_webhook_that_was_disabled_meanwhile_gets_a_cancelled_one) {
    const WebhookId gone = webhooks[7];
    const EventId event = change([this, gone](Transaction& tx) -> Result<EventId> {
        store::EventRow row{.realm = realm,
                            .id = tx.mint_id<EventId>(),
                            .type = "user.created",
                            .resource_id = {},
                            .timestamp = tx.now(),
                            .origin = EventOrigin::api,
                            .data = "{}"};
        POSTRIDER_TRY(store::events_table::insert(tx, row));
        POSTRIDER_ASSIGN(const auto version, store::realms_table::hold_config_version(tx, realm));
        const store::FanOutRow part{realm, tx.mint(), {row.id}, version, {gone, webhooks[8]}};
        POSTRIDER_TRY(store::fan_outs_table::insert_all(tx, std::span(&part, 1)));
        POSTRIDER_ASSIGN(auto webhook, store::webhooks_table::find(tx.sql(), realm, gone));
        webhook->enabled = false;
        POSTRIDER_TRY(store::webhooks_table::update(tx, *webhook));
        POSTRIDER_TRY(store::realms_table::raise_config_version(tx, realm));
        return row.id;
    });
    std::promise<void> written;
    fan_out->proceed(realm);
    fan_out->when_written(realm, Uuid::from_bytes(std::string(16, '\xff')),
                          [&written] { written.set_value(); });
    written.get_future().wait();
    ASSERT_EQ(sink.offers().size(), 1U);
    const auto counts = look([this, event](store::sql::Connection& sql) {
        return store::deliveries_table::count_by_state(sql, realm, event);
    });
    EXPECT_EQ(counts.pending, 1);
    EXPECT_EQ(counts.cancelled, 1);
}

}  // namespace
}  // namespace postrider::events
