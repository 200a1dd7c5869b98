#include "events/publisher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>

#include "base/crypto.h"
#include "base/json.h"
#include "base/mutex.h"
#include "events/event_types.h"
#include "events/explain.h"
#include "events/view.h"
#include "model/limits.h"
#include "store/sqlite_store.h"
#include "store/tables.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::events {
namespace {

using store::PublishAnswer;
using store::PublishShape;
using store::PublishWork;
using store::Transaction;

class ListSink final : public DeliverySink {
 public:
    void offer(Offer offer) override {
        MutexLock lock(mutex_);
        offers_.push_back(std::move(offer));
    }
    std::vector<Offer> take() {
        MutexLock lock(mutex_);
        return std::exchange(offers_, {});
    }

 private:
    Mutex mutex_;
    std::vector<Offer> offers_ GUARDED_BY(mutex_);
};

class PublisherTest : public testing::Test {
 protected:
    PublisherTest() : publisher_(sink_) {
        char pattern[] = "/tmp/postrider-events-XXXXXX";
        folder_ = mkdtemp(pattern);
        store_ = *store::open_sqlite({.path = folder_ + "/test.db"}, clock_, random_);
        store_->set_publish_handler([this](auto& tx, auto works, auto answers) {
            return publisher_.publish_works(tx, works, answers);
        });
        realm_ = make_realm("acme");
        add_own_type("order.paid");
        add_own_type("order.shipped");
    }
    ~PublisherTest() override {
        store_->stop();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    template <typename F>
    auto change(F closure) {
        using R = std::invoke_result_t<F, Transaction&>;
        return store::write_now<typename R::value_type>(*store_, std::move(closure));
    }
    template <typename F>
    auto look(F reader) {
        using R = std::invoke_result_t<F, store::sql::Connection&>;
        return store::read_now<typename R::value_type>(*store_, std::move(reader));
    }
    RealmId make_realm(std::string name) {
        return *change([name](Transaction& tx) { return store::insert_realm(tx, name); });
    }
    void add_own_type(std::string name) {
        auto added = change([this, name](Transaction& tx) {
            return create_own_type(tx, realm_,
                                   {.name = name, .description = {}, .schema = {}, .example = {}});
        });
        ASSERT_TRUE(added) << added.error().message;
    }
    static Result<WebhookId> insert_webhook(Transaction& tx, const RealmId& realm,
                                            std::string events, bool enabled = true,
                                            const std::string& filter = "") {
        store::WebhookRow row{};
        row.realm = realm;
        row.id = tx.mint_id<WebhookId>();
        row.name = "hook";
        row.url = "https://example.com/";
        row.header_names = "[]";
        row.events = events;
        row.enabled = enabled;
        row.signing = R"(["v1"])";
        if (!filter.empty()) row.controls = R"({"filter":)" + filter + "}";
        row.created_at = row.updated_at = tx.now();
        POSTRIDER_TRY(store::webhooks_table::insert(tx, row));
        POSTRIDER_TRY(store::webhook_versions_table::append(
            tx, {realm, row.id, row.id.uuid, enabled,
                 enabled ? DisabledReason::none : DisabledReason::by_hand, events, filter}));
        POSTRIDER_TRY(store::realms_table::raise_config_version(tx, realm));
        return row.id;
    }
    WebhookId add_webhook(std::string events, bool enabled = true) {
        return *change([this, events, enabled](Transaction& tx) {
            return insert_webhook(tx, realm_, events, enabled);
        });
    }
    /// So many that each of some is held against the event of costly_event(), and lets it through.
    void add_costly_webhooks(int count) {
        std::string looks;
        for (int i = 0; i < 60; ++i) {
            looks += R"({"list":{"$contains":"none )" + std::to_string(i) + R"("}},)";
        }
        for (int i = 0; i < count; ++i) {
            const std::string filter = R"({"data":{"tags":"t)" + std::to_string(i) +
                                       R"(","$or":[)" + looks + R"({"list":"last"}]}})";
            ASSERT_TRUE(change([this, filter](Transaction& tx) {
                return insert_webhook(tx, realm_, R"(["order.paid", "user.created"])", true,
                                      filter);
            }));
        }
    }
    static std::string costly_data(int webhooks) {
        std::string tags, list;
        for (int i = 0; i < webhooks; ++i) tags += "\"t" + std::to_string(i) + "\",";
        for (int i = 0; i < 500; ++i) list += R"("none of them",)";
        tags.pop_back();
        return R"({"tags":[)" + tags + R"(],"list":[)" + list + R"("last"]})";
    }

    static NewEvent event(std::string type, std::string data = "{}") {
        return {std::move(type), *ResourceId::parse("019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11"),
                std::move(data), std::nullopt};
    }
    PublishWork work(std::vector<NewEvent> events, std::string key = "", std::string body = "") {
        PublishWork work;
        work.realm = realm_;
        work.shape = events.size() == 1 ? PublishShape::single : PublishShape::batch;
        work.events = std::move(events);
        if (!key.empty()) work.key = store::IdempotencyKey{"publish_event", key, sha256(body)};
        return work;
    }
    std::future<Result<PublishAnswer>> publish_later(PublishWork work) {
        auto promise = std::make_shared<std::promise<Result<PublishAnswer>>>();
        work.done = [promise](Result<PublishAnswer> answer) {
            promise->set_value(std::move(answer));
        };
        auto future = promise->get_future();
        store_->publish(std::move(work));
        return future;
    }
    Result<PublishAnswer> publish(PublishWork work) { return publish_later(std::move(work)).get(); }
    std::size_t events_in_log() {
        auto id = realm_;
        return look([id](store::sql::Connection& sql) {
                   return store::events_table::list(sql, id, {}, std::nullopt, 1000);
               })
            ->size();
    }
    /// Holds the writer until release() so that what is written meanwhile becomes one group.
    void hold_writer() {
        auto opened = gate_.get_future().share();
        std::promise<void> entered;
        auto inside = entered.get_future();
        store_->write(
            store::Turn::server(), store::WriteClass::outcomes,
            [opened, &entered](Transaction&) -> Result<void> {
                entered.set_value();
                opened.wait();
                return {};
            },
            [](Result<void>) {});
        inside.wait();
    }
    void release_writer() { gate_.set_value(); }

    std::string folder_;
    SystemClock clock_;
    SystemRandom random_;
    ListSink sink_;
    Publisher publisher_;
    std::unique_ptr<store::Store> store_;
    RealmId realm_;
    std::promise<void> gate_;
};

TEST_F(PublisherTest, an_event_and_its_deliveries_are_written_and_offered_after_the_commit) {
    auto all = add_webhook(R"(["*"])");
    auto paid = add_webhook(R"(["order.paid"])");
    add_webhook(R"(["user.*"])");
    add_webhook(R"(["order.paid"])", false);

    auto answer = publish(work({event("order.paid", R"({"total":1.10})")}));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_FALSE(answer->replayed);
    auto parsed = json::parse(answer->body);
    ASSERT_TRUE(parsed) << answer->body;
    EXPECT_EQ(*parsed->find("deliveries")->as_int(), 2);
    EXPECT_EQ(*parsed->find("event")->as_string(), "order.paid");
    auto id = EventId::parse(*parsed->find("id")->as_string());
    ASSERT_TRUE(id);

    auto offers = sink_.take();
    ASSERT_EQ(offers.size(), 2u);
    EXPECT_EQ(offers[0].row.webhook, all);
    EXPECT_EQ(offers[1].row.webhook, paid);
    EXPECT_EQ(offers[0].event, offers[1].event);
    EXPECT_EQ(
        offers[0].event->body(),
        R"({"event":"order.paid","timestamp":")" + *parsed->find("timestamp")->as_string() +
            R"(","resource_id":"019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11","data":{"total":1.10}})");
    EXPECT_LE(offers[0].commit, store_->last_commit());
    EXPECT_GT(offers[0].row.id.uuid, id->uuid);
    EXPECT_GT(offers[1].row.id.uuid, offers[0].row.id.uuid);

    // What is in the store is what was offered.
    auto due = look([&, webhook = all](store::sql::Connection& sql) {
        return store::deliveries_table::due(sql, realm_, webhook, Timestamp{}, 10, 1 << 20);
    });
    ASSERT_EQ(due->deliveries.size(), 1u);
    EXPECT_EQ(due->deliveries[0].event->body(), offers[0].event->body());
    EXPECT_EQ(due->deliveries[0].row.id, offers[0].row.id);
    EXPECT_EQ(due->deliveries[0].row.due_at, offers[0].row.due_at);
}

TEST_F(PublisherTest, what_is_due_is_read_up_to_a_count_or_to_so_many_bytes) {
    const auto webhook = add_webhook(R"(["*"])");
    ASSERT_TRUE(publish(work(std::vector<NewEvent>(500, event("order.paid")))));
    const auto offers = sink_.take();
    const std::size_t size = offers[0].event->size();
    const auto read = [&](std::size_t limit, std::size_t bytes) {
        return *look([&](store::sql::Connection& sql) {
            return store::deliveries_table::due(sql, realm_, webhook, Timestamp{}, limit, bytes);
        });
    };
    constexpr std::size_t plenty = 1 << 20;
    for (const std::size_t count : {1U, 63U, 64U, 65U, 300U, 499U, 500U}) {
        const auto some = read(count, plenty);
        ASSERT_EQ(some.deliveries.size(), count);
        EXPECT_FALSE(some.complete) << "there may be more";
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(some.deliveries[i].row.id, offers[i].row.id);
        }
    }
    const auto all = read(501, plenty);
    EXPECT_EQ(all.deliveries.size(), 500U);
    EXPECT_TRUE(all.complete);
    for (const std::size_t count : {1U, 10U, 64U, 100U, 499U}) {
        const auto some = read(501, count * size);
        EXPECT_EQ(some.deliveries.size(), count);
        EXPECT_FALSE(some.complete) << "the rest is there still";
    }
}

TEST_F(PublisherTest, a_batch_is_accepted_whole_and_answers_in_its_order) {
    add_webhook(R"(["order.shipped"])");
    NewEvent late = event("order.shipped");
    late.timestamp = parse_rfc3339("2020-01-01T00:00:00Z");
    auto answer = publish(work({event("order.paid"), late, event("user.created")}));
    ASSERT_TRUE(answer);
    auto parsed = json::parse(answer->body);
    const auto& items = *parsed->find("items")->as_array();
    ASSERT_EQ(items.size(), 3u);
    EXPECT_EQ(*items[0].find("event")->as_string(), "order.paid");
    EXPECT_EQ(*items[1].find("timestamp")->as_string(), "2020-01-01T00:00:00.000000Z");
    EXPECT_EQ(*items[1].find("deliveries")->as_int(), 1);
    EXPECT_LT(*items[0].find("id")->as_string(), *items[1].find("id")->as_string());
    EXPECT_EQ(events_in_log(), 3u);
}

TEST_F(PublisherTest, an_unknown_type_refuses_the_whole_work_and_names_the_nearest) {
    auto answer = publish(work({event("order.paid"), event("order.piad"), event("zebra.x")}));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
    EXPECT_STREQ(answer.error().problem, "unknown-event-type");
    ASSERT_EQ(answer.error().fields.size(), 2u);
    EXPECT_EQ(answer.error().fields[0].pointer, "#/events/1/event");
    EXPECT_NE(answer.error().fields[0].detail.find("do you mean \"order.paid\"?"),
              std::string::npos);
    EXPECT_EQ(answer.error().fields[1].pointer, "#/events/2/event");
    auto single = publish(work({event("user.create")}));
    ASSERT_FALSE(single);
    EXPECT_EQ(single.error().fields[0].pointer, "#/event");
    EXPECT_EQ(events_in_log(), 0u);
    EXPECT_TRUE(sink_.take().empty());
}

TEST_F(PublisherTest, an_idempotency_key_gives_the_first_answer_again) {
    add_webhook(R"(["*"])");
    auto first = publish(work({event("order.paid")}, "k", "body"));
    auto again = publish(work({event("order.paid")}, "k", "body"));
    ASSERT_TRUE(first && again);
    EXPECT_FALSE(first->replayed);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(first->body, again->body);
    EXPECT_EQ(events_in_log(), 1u);
    EXPECT_EQ(sink_.take().size(), 1u);

    auto other = publish(work({event("order.paid")}, "k", "another body"));
    ASSERT_FALSE(other);
    EXPECT_STREQ(other.error().problem, "idempotency-key-reused");
    // A refusal is not kept.
    EXPECT_FALSE(publish(work({event("order.piad")}, "r", "x")));
    EXPECT_TRUE(publish(work({event("order.paid")}, "r", "y")));
    // Its scope is the realm and the route.
    auto batch = work({event("order.paid")}, "k", "third");
    batch.key->route = "publish_events";
    EXPECT_FALSE(publish(std::move(batch))->replayed);
}

TEST_F(PublisherTest, the_second_work_of_a_group_sees_the_key_of_the_first) {
    hold_writer();
    auto first = publish_later(work({event("order.paid")}, "k", "body"));
    auto second = publish_later(work({event("order.paid")}, "k", "body"));
    auto third = publish_later(work({event("order.paid")}, "k", "other"));
    auto fourth = publish_later(work({event("order.paid")}));
    release_writer();
    auto a = first.get(), b = second.get(), c = third.get(), d = fourth.get();
    ASSERT_TRUE(a && b && d);
    EXPECT_FALSE(a->replayed);
    EXPECT_TRUE(b->replayed);
    EXPECT_EQ(a->body, b->body);
    ASSERT_FALSE(c);
    EXPECT_STREQ(c.error().problem, "idempotency-key-reused");
    EXPECT_EQ(events_in_log(), 2u);
}

TEST_F(PublisherTest, a_key_older_than_its_lifetime_is_free_again) {
    ASSERT_TRUE(publish(work({event("order.paid")}, "k", "body")));
    ASSERT_TRUE(change([](Transaction& tx) {
        static constexpr store::sql::Query query{
            "UPDATE idempotency_keys SET created_at = created_at - $1"};
        return tx.sql().run(query, limits::idempotency_key_lifetime + 1s);
    }));
    auto other = publish(work({event("order.paid")}, "k", "another body"));
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->replayed);
}

TEST_F(PublisherTest, too_much_fan_out_says_how_many_events_fit) {
    constexpr std::size_t webhooks = 30;
    ASSERT_TRUE(change([this](Transaction& tx) -> Result<int> {
        for (std::size_t i = 0; i < webhooks; ++i) {
            POSTRIDER_TRY(insert_webhook(tx, realm_, R"(["order.*"])"));
        }
        return 0;
    }));
    const std::size_t fitting = limits::fan_out_deliveries_max / webhooks;  // 666
    std::vector<NewEvent> events(fitting + 1, event("order.paid"));
    auto refused = publish(work(events));
    ASSERT_FALSE(refused);
    EXPECT_STREQ(refused.error().problem, "fan-out-too-large");
    EXPECT_NE(refused.error().message.find("the first 666 of them fit"), std::string::npos)
        << refused.error().message;
    EXPECT_EQ(events_in_log(), 0u);
    events.resize(fitting);
    ASSERT_TRUE(publish(work(events)));
    EXPECT_EQ(sink_.take().size(), fitting * webhooks);
}

TEST_F(PublisherTest, works_that_are_too_much_for_one_transaction_are_done_in_several) {
    constexpr std::size_t webhooks = 100;
    ASSERT_TRUE(change([this](Transaction& tx) -> Result<int> {
        for (std::size_t i = 0; i < webhooks; ++i) {
            POSTRIDER_TRY(insert_webhook(tx, realm_, R"(["order.*"])"));
        }
        return 0;
    }));
    const std::vector<NewEvent> many(limits::fan_out_deliveries_max / webhooks,
                                     event("order.paid"));
    hold_writer();
    std::vector<std::future<Result<PublishAnswer>>> answers;
    answers.reserve(3);
    for (int i = 0; i < 3; ++i) answers.push_back(publish_later(work(many)));
    std::promise<bool> last;
    store_->write(
        store::Turn::server(), store::WriteClass::ordinary,
        [](Transaction&) { return Result<void>(); },
        [&last](const Result<void>& written) { last.set_value(written.has_value()); });
    const auto before = store_->last_commit();
    release_writer();
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    EXPECT_TRUE(last.get_future().get());
    EXPECT_EQ(store_->last_commit(), before + 3);  // the first with what held the writer
    const auto offers = sink_.take();
    EXPECT_EQ(offers.size(), 3 * limits::fan_out_deliveries_max);
    EXPECT_TRUE(std::ranges::is_sorted(offers, {}, &Offer::commit));
}

TEST_F(PublisherTest, a_webhook_answered_misses_nothing_and_a_rolled_back_one_leaves_no_trace) {
    ASSERT_TRUE(publish(work({event("order.paid")})));  // the matcher without webhooks is kept
    auto failed = change([this](Transaction& tx) -> Result<int> {
        POSTRIDER_TRY(insert_webhook(tx, realm_, R"(["*"])"));
        POSTRIDER_ASSIGN(auto published, publisher_.publish(tx, realm_, event("webhook.created"),
                                                            EventOrigin::directory));
        EXPECT_EQ(published.deliveries, 1u);
        return fail(ErrorCode::conflict, "no");
    });
    ASSERT_FALSE(failed);
    EXPECT_TRUE(sink_.take().empty());
    ASSERT_TRUE(publish(work({event("order.paid")})));
    EXPECT_TRUE(sink_.take().empty());

    // The version that was rolled back is used again, by another webhook.
    auto webhook = add_webhook(R"(["order.paid"])");
    ASSERT_TRUE(publish(work({event("order.paid"), event("order.shipped")})));
    auto offers = sink_.take();
    ASSERT_EQ(offers.size(), 1u);
    EXPECT_EQ(offers[0].row.webhook, webhook);
}

TEST_F(PublisherTest, within_one_group_a_publish_sees_the_webhooks_before_it) {
    ASSERT_TRUE(publish(work({event("order.paid")})));  // the matcher without webhooks is kept
    hold_writer();
    std::promise<void> written;
    store_->write(
        store::Turn::server(), store::WriteClass::ordinary,
        [this](Transaction& tx) -> Result<void> {
            POSTRIDER_TRY(insert_webhook(tx, realm_, R"(["*"])"));
            return {};
        },
        [&](Result<void>) { written.set_value(); });
    auto after = publish_later(work({event("order.paid")}));
    release_writer();
    written.get_future().wait();
    EXPECT_NE(after.get()->body.find(R"("deliveries":1)"), std::string::npos);
}

TEST_F(PublisherTest, a_copy_has_the_same_id_and_bytes_in_another_realm) {
    auto other = make_realm("other");
    auto there = *change([&](Transaction& tx) { return insert_webhook(tx, other, R"(["*"])"); });
    auto here = add_webhook(R"(["realm.*"])");
    auto published = change([&](Transaction& tx) -> Result<PublishedEvent> {
        auto fact = event("realm.updated", R"({"name":"acme"})");
        POSTRIDER_ASSIGN(auto done, publisher_.publish(tx, realm_, fact, EventOrigin::directory));
        POSTRIDER_TRY(publisher_.publish_copy(tx, other, done, fact.data, EventOrigin::directory));
        return done;
    });
    ASSERT_TRUE(published);
    auto offers = sink_.take();
    ASSERT_EQ(offers.size(), 2u);
    EXPECT_EQ(offers[0].row.webhook, here);
    EXPECT_EQ(offers[1].row.webhook, there);
    EXPECT_EQ(offers[0].row.event, offers[1].row.event);
    EXPECT_EQ(offers[0].event->body(), offers[1].event->body());
}

TEST_F(PublisherTest, a_realm_that_is_gone_refuses_its_work_alone) {
    hold_writer();
    auto lost = work({event("user.created")});
    lost.realm = RealmId{};
    auto refused = publish_later(std::move(lost));
    auto accepted = publish_later(work({event("order.paid")}));
    release_writer();
    auto a = refused.get();
    ASSERT_FALSE(a);
    EXPECT_EQ(a.error().code, ErrorCode::not_found);
    EXPECT_TRUE(accepted.get());
}

TEST_F(PublisherTest, own_types_come_and_go_with_their_rules) {
    EXPECT_FALSE(publish(work({event("parcel.lost")})));
    auto put = [this](OwnType type, const VersionCondition& expected) {
        return change([this, type, expected](Transaction& tx) {
            return replace_own_type(tx, realm_, type, expected);
        });
    };
    OwnType type{.name = "parcel.lost", .description = "d", .schema = "{}", .example = ""};
    EXPECT_EQ(put(type, VersionCondition::one_of({1})).error().code,
              ErrorCode::failed_precondition);
    EXPECT_TRUE(put(type, {})->created);
    EXPECT_TRUE(publish(work({event("parcel.lost")})));
    auto same = put(type, {});
    EXPECT_FALSE(same->created || same->changed);
    EXPECT_EQ(same->row.version, 1);
    type.description = "another";
    EXPECT_EQ(put(type, VersionCondition::one_of({1}))->row.version, 2);
    EXPECT_EQ(put({.name = type.name, .description = {}, .schema = {}, .example = {}},
                  VersionCondition::one_of({1}))
                  .error()
                  .code,
              ErrorCode::failed_precondition);
    auto create = change([&](Transaction& tx) { return create_own_type(tx, realm_, type); });
    EXPECT_EQ(create.error().code, ErrorCode::conflict);

    auto remove = [this](std::string name) {
        return change([this, name](Transaction& tx) -> Result<int> {
            POSTRIDER_TRY(delete_own_type(tx, realm_, name, {}));
            return 0;
        });
    };
    add_webhook(R"(["parcel.lost"])", false);
    EXPECT_EQ(remove("parcel.lost").error().code, ErrorCode::conflict);
    EXPECT_EQ(remove("parcel.found").error().code, ErrorCode::not_found);
    EXPECT_EQ(remove("user.created").error().code, ErrorCode::not_found);
    EXPECT_TRUE(remove("order.shipped"));
    EXPECT_FALSE(publish(work({event("order.shipped")})));
}

TEST_F(PublisherTest, explain_says_for_every_webhook_why) {
    auto subscribed = add_webhook(R"(["order.*"])");
    auto elsewhere = add_webhook(R"(["user.*"])");
    auto disabled = add_webhook(R"(["*"])", false);
    auto answer = publish(work({event("order.paid")}));
    auto id = *EventId::parse(*json::parse(answer->body)->find("id")->as_string());
    auto later = add_webhook(R"(["*"])");

    auto explained = look([&](store::sql::Connection& sql) { return explain(sql, realm_, id); });
    ASSERT_TRUE(explained) << explained.error().message;
    ASSERT_EQ(explained->size(), 4u);
    auto of = [&](const WebhookId& webhook) {
        return *std::ranges::find(*explained, webhook, &Explanation::webhook);
    };
    EXPECT_EQ(explained->front().webhook, later);  // newest first
    EXPECT_EQ(of(later).verdict, Verdict::created_later);
    EXPECT_EQ(of(subscribed).verdict, Verdict::pending);
    EXPECT_TRUE(of(subscribed).delivery && of(subscribed).next_attempt_at);
    EXPECT_EQ(of(elsewhere).verdict, Verdict::not_subscribed);
    EXPECT_EQ(of(elsewhere).because, "It subscribed to user.*, which does not match order.paid.");
    EXPECT_EQ(of(disabled).verdict, Verdict::disabled);
    for (const Explanation& item : *explained) {
        EXPECT_TRUE(item.because.ends_with('.')) << item.because;
        EXPECT_EQ(parse_verdict(to_string(item.verdict)), item.verdict);
    }
    EXPECT_TRUE(json::parse(explanation_json(id, *explained)));

    // An attempt that failed, then the end.
    auto settle = [&](DeliveryState state, std::string reason) {
        return change([=, this](Transaction& tx) -> Result<int> {
            POSTRIDER_ASSIGN(auto view,
                             store::deliveries_table::find_of(tx.sql(), realm_, id, subscribed));
            view->row.state = state;
            view->row.reason = reason;
            view->row.attempts = 1;
            if (state != DeliveryState::pending) view->row.finished_at = tx.now();
            POSTRIDER_TRY(store::deliveries_table::settle(tx, view->row));
            store::AttemptRow attempt{};
            attempt.realm = realm_;
            attempt.delivery = view->row.id;
            attempt.number = 1;
            attempt.outcome = OutcomeReason::refused_by_status;
            attempt.status = 503;
            attempt.detail = "503 Service Unavailable";
            attempt.request_headers = attempt.response_headers = "[]";
            POSTRIDER_TRY(store::attempts_table::insert(tx, attempt));
            return 0;
        });
    };
    ASSERT_TRUE(settle(DeliveryState::pending, ""));
    explained = look([&](store::sql::Connection& sql) { return explain(sql, realm_, id); });
    EXPECT_TRUE(of(subscribed)
                    .because.starts_with("Attempt 1 failed (503 Service Unavailable); "
                                         "the next one is at "));
    ASSERT_TRUE(settle(DeliveryState::failed, "the retry schedule is used up"));
    explained = look([&](store::sql::Connection& sql) { return explain(sql, realm_, id); });
    EXPECT_EQ(of(subscribed).verdict, Verdict::failed);
    EXPECT_NE(of(subscribed).because.find("503 Service Unavailable"), std::string::npos);
    EXPECT_EQ(of(subscribed).next_attempt_at, std::nullopt);

    auto missing = look([&](store::sql::Connection& sql) { return explain(sql, RealmId{}, id); });
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
}

class CostlyFilters : public PublisherTest {
 protected:
    CostlyFilters() { publisher_.set_match_queue(queue_); }
    ~CostlyFilters() override { queue_.stop(); }

    std::function<void()> before_again_ = [] {};
    std::atomic<int> matched_ = 0;
    MatchQueue queue_{clock_, [this](PublishWork work) {
                          ++matched_;
                          before_again_();
                          store_->publish(std::move(work));
                      }};
};

TEST_F(CostlyFilters, are_held_against_events_elsewhere) {
    add_costly_webhooks(3);
    const auto cheap = publish(work({event("order.paid", R"({"tags":["t1"],"list":["last"]})")}));
    ASSERT_TRUE(cheap) << cheap.error().message;
    EXPECT_EQ(matched_, 0) << "the writer does it itself";
    EXPECT_EQ(sink_.take().size(), 1u);

    const auto answer = publish(work({event("order.paid", costly_data(3)), event("order.shipped"),
                                      event("order.paid", costly_data(2))},
                                     "key", "body"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(matched_, 1);
    EXPECT_EQ(sink_.take().size(), 5u);
    EXPECT_EQ(events_in_log(), 4u);
    const auto again = publish(work({event("order.paid", costly_data(3))}, "key", "body"));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(matched_, 1) << "an answer that is known needs no filter";
}

TEST_F(CostlyFilters, an_event_that_takes_too_long_is_refused_with_the_reason) {
    add_costly_webhooks(40);
    const auto refused = publish(work({event("order.paid"), event("order.paid", costly_data(40))}));
    ASSERT_FALSE(refused);
    EXPECT_STREQ(refused.error().problem, "filters-too-costly");
    EXPECT_TRUE(refused.error().message.starts_with("To hold event 1 against the filters"))
        << refused.error().message;
    EXPECT_EQ(events_in_log(), 0u);

    const auto of_change = change([this](Transaction& tx) {
        return publisher_.publish(tx, realm_, event("user.created", costly_data(40)),
                                  EventOrigin::directory);
    });
    ASSERT_FALSE(of_change);
    EXPECT_STREQ(of_change.error().problem, "filters-too-costly");
    EXPECT_TRUE(publish(work({event("order.paid", costly_data(4))})));
}

TEST_F(CostlyFilters, a_webhook_that_changes_meanwhile_is_matched_as_it_is_at_the_commit) {
    add_costly_webhooks(3);
    WebhookId added;
    before_again_ = [&] {
        if (matched_ == 1) added = add_webhook(R"(["order.paid"])");
    };
    ASSERT_TRUE(publish(work({event("order.paid", costly_data(3))})));
    EXPECT_EQ(matched_, 2);
    const auto offers = sink_.take();
    EXPECT_EQ(offers.size(), 4u);
    EXPECT_TRUE(std::ranges::any_of(
        offers, [&](const Offer& offer) { return offer.row.webhook == added; }));

    before_again_ = [&] { add_webhook(R"(["order.shipped"])"); };
    const auto refused = publish(work({event("order.paid", costly_data(3))}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_EQ(events_in_log(), 1u);
}

TEST_F(CostlyFilters, send_away_nobody_else_of_the_same_group) {
    add_costly_webhooks(3);
    const auto costly = work({event("order.paid", costly_data(3))});
    realm_ = make_realm("other");
    add_own_type("order.paid");
    add_webhook(R"(["order.paid"])");
    auto plain = work({event("order.paid")});
    hold_writer();
    auto first = publish_later(costly);
    auto second = publish_later(std::move(plain));
    release_writer();
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
    EXPECT_EQ(matched_, 1);
}

TEST_F(CostlyFilters, one_that_waits_when_the_server_stops_is_refused) {
    add_costly_webhooks(3);
    queue_.stop();
    const auto refused = publish(work({event("order.paid", costly_data(3))}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace postrider::events
