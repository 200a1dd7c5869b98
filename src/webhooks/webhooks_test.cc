#include "webhooks/webhooks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <thread>

#include "base/clock.h"
#include "base/json.h"
#include "events/event_types.h"
#include "model/webhook_limits.h"
#include "store/sqlite_store.h"
#include "store/tables.h"
#include "store/wait.h"
#include "webhooks/recover.h"
#include "webhooks/recoveries.h"
#include "webhooks/test_event.h"

namespace postrider::webhooks {
namespace {

using store::Transaction;

/// Keeps what the engine would be told, in order.
class EngineSpy final : public events::DeliverySink, public TargetSink {
 public:
    void offer(events::Offer offer) override {
        const MutexLock lock(mutex_);
        log_.push_back("offer " + offer.row.webhook.to_string());
    }
    void target_changed(SharedTarget target) override {
        const MutexLock lock(mutex_);
        log_.push_back("target " + target->webhook.to_string());
        targets_[target->webhook] = std::move(target);
    }
    void target_rebuilt(SharedTarget target) override {
        const MutexLock lock(mutex_);
        log_.push_back("rebuilt " + target->webhook.to_string());
        targets_[target->webhook] = std::move(target);
    }
    void target_removed(const WebhookId& webhook) override {
        const MutexLock lock(mutex_);
        log_.push_back("removed " + webhook.to_string());
        targets_.erase(webhook);
    }
    SharedTarget target(const WebhookId& webhook) {
        const MutexLock lock(mutex_);
        const auto found = targets_.find(webhook);
        return found == targets_.end() ? nullptr : found->second;
    }
    std::vector<std::string> take() {
        const MutexLock lock(mutex_);
        return std::exchange(log_, {});
    }

 private:
    Mutex mutex_;
    std::vector<std::string> log_ GUARDED_BY(mutex_);
    std::map<WebhookId, SharedTarget> targets_ GUARDED_BY(mutex_);
};

const Actor actor{"api_key", "test", {}};

class WebhooksTest : public testing::Test {
 protected:
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

    WebhooksTest()
        : vault_(vault::KeyRing::generate(random_)),
          folder_(make_folder()),
          store_(*store::open_sqlite({.path = folder_ + "/test.db"}, clock_, random_)),
          fan_out_(*store_, spy_),
          publisher_(spy_, fan_out_),
          cancellations_(*store_, fan_out_),
          rebuilds_(*store_),
          webhooks_(vault_, publisher_, cancellations_, rebuilds_, spy_, random_,
                    {.timeout = 15s,
                     .retry_schedule = {5s, 5min},
                     .policy = std::make_shared<const net::EgressPolicy>()}) {
        store_->set_publish_handler([this](auto& tx, auto works, auto answers) {
            return publisher_.publish_works(tx, works, answers);
        });
        realm_ = *change([](Transaction& tx) -> Result<RealmId> {
            store::RealmRow row{.id = tx.mint_id<RealmId>(),
                                .name = "acme",
                                .display_name = {},
                                .settings = R"({"timeout":"7s","secret_overlap":"1h"})",
                                .created_at = tx.now(),
                                .updated_at = tx.now()};
            POSTRIDER_TRY(store::realms_table::insert(tx, row));
            return row.id;
        });
        EXPECT_TRUE(change([this](Transaction& tx) {
            return events::create_own_type(tx, realm_,
                                           {.name = "order.paid",
                                            .description = {},
                                            .schema = {},
                                            .example = R"({"total":1.10})"});
        }));
    }
    ~WebhooksTest() override {
        store_->stop();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    static Change parsed(std::string_view body, ChangeKind kind) {
        return parse_change(json::parse(body).value(), body, kind);
    }
    Result<Saved> create(std::string_view body) {
        return change([this, change = parsed(body, ChangeKind::create)](Transaction& tx) {
            return webhooks_.create(tx, realm_, change, actor);
        });
    }
    Saved created(std::string_view events) {
        auto saved =
            create(R"({"url":"https://example.com/hook","headers":{"X-A":"sesame"},"events":)" +
                   std::string(events) + "}");
        EXPECT_TRUE(saved) << saved.error().message;
        return *saved;
    }
    Result<Saved> patch(const WebhookId& id, std::string_view body,
                        const VersionCondition& version = {}) {
        return change([this, address = Address{realm_, id, version},
                       change = parsed(body, ChangeKind::patch)](Transaction& tx) {
            return webhooks_.update(tx, address, change, actor);
        });
    }
    Result<bool> remove(const WebhookId& id, const VersionCondition& version = {}) {
        return change(
            [this, address = Address{realm_, id, version}](Transaction& tx) -> Result<bool> {
                POSTRIDER_TRY(webhooks_.remove(tx, address, actor));
                return true;
            });
    }
    static NewEvent order() { return {"order.paid", ResourceId{}, R"({"total":1})", {}}; }
    EventId publish() {
        return change([this](Transaction& tx) {
                   return publisher_.publish(tx, realm_, order(), EventOrigin::api);
               })
            ->id;
    }
    std::vector<store::EventRow> log() {
        return look([this](store::sql::Connection& sql) {
                   return store::events_table::list(sql, realm_, {}, {}, 100);
               })
            .value();
    }
    std::vector<store::DeliveryView> deliveries(const WebhookId& webhook) {
        return look([this, webhook](store::sql::Connection& sql) {
                   store::DeliveryFilter filter;
                   filter.webhook = webhook;
                   return store::deliveries_table::list(sql, realm_, filter, {}, 200);
               })
            .value();
    }
    store::WebhookRow row_of(const WebhookId& id) {
        return look([this, id](store::sql::Connection& sql) {
                   return store::webhooks_table::find(sql, realm_, id);
               })
            .value()
            .value();
    }
    /// Makes the deliveries of a webhook be in `state`.
    void settle_all(const WebhookId& webhook, DeliveryState state) {
        const auto views = deliveries(webhook);
        ASSERT_TRUE(change([views, state](Transaction& tx) -> Result<bool> {
            for (auto view : views) {
                view.row.state = state;
                POSTRIDER_TRY(store::deliveries_table::settle(tx, view.row));
            }
            return true;
        }));
    }
    std::size_t count(const WebhookId& webhook, DeliveryState state) {
        const auto views = deliveries(webhook);
        return static_cast<std::size_t>(std::ranges::count_if(
            views, [&](const auto& view) { return view.row.state == state; }));
    }

    static std::string make_folder() {
        std::string pattern = testing::TempDir() + "/webhooks-XXXXXX";
        return ::mkdtemp(pattern.data());
    }

    SystemClock clock_;
    SystemRandom random_;
    EngineSpy spy_;
    vault::Vault vault_;
    std::string folder_;
    std::unique_ptr<store::Store> store_;
    events::FanOut fan_out_;
    events::Publisher publisher_;
    Cancellations cancellations_;
    TargetRebuilds rebuilds_;
    Webhooks webhooks_;
    RealmId realm_;
};

TEST_F(WebhooksTest, creation_is_one_transaction) {
    spy_.take();
    const auto saved = created(R"(["webhook.*","order.paid"])");
    const auto id = saved.webhook.id.to_string();
    // It sees its own creation, and the engine knows it before the delivery comes.
    EXPECT_EQ(spy_.take(), (std::vector<std::string>{"target " + id, "offer " + id}));
    const auto events = log();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].type, "webhook.created");
    EXPECT_EQ(events[0].resource_id.uuid, saved.webhook.id.uuid);
    EXPECT_EQ(events[0].data.find("sesame"), std::string::npos);
    EXPECT_NE(events[0].data.find(secret_mask), std::string::npos);
    EXPECT_EQ(events[0].data.find("whsec_"), std::string::npos);
    const auto target = spy_.target(saved.webhook.id);
    EXPECT_EQ(target->header_lines, "X-A: sesame\r\n");
    EXPECT_EQ(target->timeout, 7s) << "the realm's";
    EXPECT_EQ(target->retry_schedule, (std::vector<Duration>{5s, 5min})) << "the server's";
    ASSERT_EQ(target->keys.size(), 1u);
    EXPECT_EQ(parse_secret(saved.secret->secret)->key, target->keys[0].key);
    const auto row = row_of(saved.webhook.id);
    EXPECT_EQ(row.headers.find("sesame"), std::string::npos);
    EXPECT_EQ(row.secret.find(target->keys[0].key), std::string::npos);
}

TEST_F(WebhooksTest, a_change_fires_what_changed_and_none_fires_nothing) {
    const auto id = created(R"(["order.paid"])").webhook.id;
    spy_.take();
    auto same = patch(id, R"({"name":"","headers":{"X-A":"sesame"}})");
    ASSERT_TRUE(same) << same.error().message;
    EXPECT_EQ(same->webhook.version, 1);
    EXPECT_EQ(log().size(), 1u);
    EXPECT_TRUE(spy_.take().empty());
    auto changed = patch(id, R"({"name":"Billing","events":["*"]})", VersionCondition::one_of({1}));
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(changed->webhook.version, 2);
    EXPECT_FALSE(changed->secret);
    const auto event = log()[0];
    EXPECT_EQ(event.type, "webhook.updated");
    EXPECT_NE(event.data.find(R"("changed":["name","events"])"), std::string::npos) << event.data;
    EXPECT_EQ(deliveries(id).size(), 1u) << "an update matches as after it";
    auto stale = patch(id, R"({"name":"x"})", VersionCondition::one_of({1}));
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().code, ErrorCode::failed_precondition);
    auto absent = patch(WebhookId{}, "{}");
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, ErrorCode::not_found);
}

TEST_F(WebhooksTest, disabling_cancels_and_versions_say_what_held) {
    const auto id = created(R"(["order.*"])").webhook.id;
    const auto before = publish();
    ASSERT_TRUE(patch(id, R"({"enabled":false})"));
    const auto between = publish();
    ASSERT_TRUE(patch(id, R"({"enabled":true})"));
    const auto after = publish();
    const auto found = deliveries(id);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].row.event, after);
    EXPECT_EQ(found[0].row.state, DeliveryState::pending);
    EXPECT_EQ(found[1].row.state, DeliveryState::cancelled);
    EXPECT_EQ(found[1].row.reason, "The webhook was disabled.");
    const auto held = [&](const EventId& event) {
        return look([this, id, event](store::sql::Connection& sql) {
                   return store::webhook_versions_table::at(sql, realm_, id, event.uuid);
               })
            .value()
            .value();
    };
    EXPECT_TRUE(held(before).enabled);
    EXPECT_FALSE(held(between).enabled);
    EXPECT_EQ(held(between).reason, DisabledReason::by_hand);
    EXPECT_TRUE(held(after).enabled);
}

TEST_F(WebhooksTest, the_engine_disables_once) {
    const auto id = created(R"(["*"])").webhook.id;
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(change([this, id](Transaction& tx) -> Result<bool> {
            POSTRIDER_TRY(
                webhooks_.disable(tx, realm_, id, DisabledReason::gone, Actor::system("engine")));
            return true;
        }));
    }
    EXPECT_EQ(row_of(id).disabled_reason, DisabledReason::gone);
    EXPECT_EQ(row_of(id).version, 2);
    ASSERT_EQ(log().size(), 3u);
    EXPECT_EQ(log()[0].type, "postrider.webhook.disabled");
    EXPECT_EQ(log()[1].type, "webhook.updated");
    EXPECT_NE(log()[1].data.find(R"("disabled_reason":"gone")"), std::string::npos);
    EXPECT_EQ(count(id, DeliveryState::cancelled), 1u);
    EXPECT_FALSE(spy_.target(id)->enabled);
    EXPECT_EQ(spy_.target(id)->keys.size(), 1u) << "tests work on a disabled webhook";
}

TEST_F(WebhooksTest, deletion_is_delivered_to_itself_and_then_gone) {
    const auto id = created(R"(["order.paid","webhook.deleted"])").webhook.id;
    publish();
    spy_.take();
    ASSERT_TRUE(remove(id, VersionCondition::one_of({1})));
    const auto found = deliveries(id);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].event_type, "webhook.deleted");
    EXPECT_EQ(found[0].row.state, DeliveryState::pending);
    EXPECT_EQ(found[1].row.state, DeliveryState::cancelled);
    EXPECT_TRUE(spy_.target(id)->tombstone);
    EXPECT_FALSE(remove(id));
    EXPECT_FALSE(patch(id, "{}"));
    const auto purge = [&] {
        return change([this, id](Transaction& tx) -> Result<bool> {
            POSTRIDER_TRY(webhooks_.purge_if_final(tx, realm_, id));
            return true;
        });
    };
    ASSERT_TRUE(purge());
    EXPECT_TRUE(spy_.target(id)) << "it is not final yet";
    // A restart in between keeps it, and ends it once it is final.
    settle_all(id, DeliveryState::delivered);
    ASSERT_TRUE(webhooks_.load_targets(*store_));
    EXPECT_FALSE(spy_.target(id));
    EXPECT_FALSE(look([this, id](store::sql::Connection& sql) {
                     return store::webhooks_table::find(sql, realm_, id);
                 })->has_value());
    // One that nobody subscribed to is gone at once.
    const auto other = created(R"(["order.paid"])").webhook.id;
    ASSERT_TRUE(remove(other));
    EXPECT_FALSE(spy_.target(other));
}

TEST_F(WebhooksTest, rotation_overlaps_and_ends) {
    const auto saved = created(R"(["order.paid"])");
    const auto id = saved.webhook.id;
    const auto rotate = [&](Rotation rotation) {
        return change([this, address = Address{realm_, id, {}}, rotation](Transaction& tx) {
                   return webhooks_.rotate_secret(tx, address, rotation, actor);
               })
            .value();
    };
    const auto first = rotate({});
    EXPECT_EQ(first.secret.previous, saved.secret->secret);
    EXPECT_EQ(first.version, 2);
    auto target = spy_.target(id);
    ASSERT_EQ(target->previous_keys.size(), 1u);
    EXPECT_EQ(parse_secret(saved.secret->secret)->key, target->previous_keys[0].key);
    const auto row = row_of(id);
    EXPECT_EQ(*row.previous_expires_at - row.updated_at, 1h) << "the realm's overlap";
    EXPECT_NE(log()[0].data.find(R"("changed":["secret"])"), std::string::npos);
    const auto shown = [&](Timestamp now) {
        return look([this, id, now](store::sql::Connection& sql) {
                   return webhooks_.secret(sql, realm_, id, now);
               })
            .value();
    };
    EXPECT_EQ(shown(clock_.now()).previous, saved.secret->secret);
    EXPECT_EQ(shown(clock_.now() + 61min).previous, "");
    EXPECT_EQ(shown(clock_.now() + 61min).previous_expires_at, std::nullopt);
    // A second rotation ends the first one's; without overlap nothing is left.
    EXPECT_EQ(rotate({.secret = {}, .overlap = 2h}).secret.previous, first.secret.secret);
    const auto last = rotate({.secret = {}, .overlap = 0s});
    EXPECT_EQ(last.secret.previous, "");
    EXPECT_TRUE(spy_.target(id)->previous_keys.empty());
    EXPECT_EQ(row_of(id).previous_secret, "");
}

TEST_F(WebhooksTest, a_new_origin_shows_the_new_secret_once) {
    const auto saved = created(R"(["order.paid"])");
    auto moved = patch(saved.webhook.id, R"({"url":"https://other.example/"})");
    ASSERT_TRUE(moved) << moved.error().message;
    ASSERT_TRUE(moved->secret);
    EXPECT_NE(moved->secret->secret, saved.secret->secret);
    EXPECT_EQ(moved->secret->previous, "");
    const auto target = spy_.target(saved.webhook.id);
    EXPECT_EQ(target->header_lines, "");
    EXPECT_TRUE(target->previous_keys.empty());
}

TEST_F(WebhooksTest, another_key_makes_it_unsealable_and_says_so) {
    const auto id = created(R"(["order.paid"])").webhook.id;
    const vault::Vault other(vault::KeyRing::generate(random_));
    const TargetBuilder builder(other, {.timeout = 15s,
                                        .retry_schedule = {},
                                        .policy = std::make_shared<const net::EgressPolicy>()});
    EXPECT_TRUE(builder.build(row_of(id), {})->unsealable);
    EXPECT_FALSE(spy_.target(id)->unsealable);
}

TEST_F(WebhooksTest, a_test_is_marked_and_bound_to_one_webhook) {
    const auto id = created(R"(["order.paid"])").webhook.id;
    created(R"(["*"])");
    const auto make = [&](std::optional<std::string> type) {
        return change(
            [this, id, type](Transaction& tx) { return write_test(tx, realm_, id, type, actor); });
    };
    auto plain = make({});
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_TRUE(plain->row.test);
    EXPECT_NE(plain->event->body().find(R"({"event":"postrider.test",)"), std::string::npos);
    EXPECT_NE(plain->event->body().find(R"("data":{"webhook_id":")" + id.to_string() + "\"}}"),
              std::string::npos);
    auto own = make("order.paid");
    ASSERT_TRUE(own) << own.error().message;
    EXPECT_NE(own->event->body().find(R"("data":{"total":1.10,"test":true}})"), std::string::npos)
        << own->event->body();
    EXPECT_TRUE(make("user.created"));
    auto unknown = make("order.payd");
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().message.find("order.paid"), std::string::npos);
    EXPECT_EQ(log().size(), 2u) << "tests are not in the log";
    EXPECT_EQ(deliveries(id).size(), 3u);
}

TEST(TestEvent, marks_an_example_and_keeps_its_bytes) {
    EXPECT_EQ(marked_as_test(R"({"a":1.10})").value(), R"({"a":1.10,"test":true})");
    EXPECT_EQ(marked_as_test("{}").value(), R"({"test":true})");
    EXPECT_EQ(marked_as_test(R"({"test":"no","b":{}})").value(), R"({"b":{},"test":true})");
}

TEST(TestLimiter, bounds_a_minute) {
    TestLimiter limiter;
    const Monotonic start{};
    const WebhookId one{};
    WebhookId other;
    other.uuid.bytes[0] = 1;
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.admit(one, start + i * 1s));
    EXPECT_FALSE(limiter.admit(one, start + 59s));
    EXPECT_TRUE(limiter.admit(other, start + 59s));
    EXPECT_TRUE(limiter.admit(one, start + 60s));
    EXPECT_FALSE(limiter.admit(one, start + 60s));
}

/// Recoveries on the store's own threads; wakes are waited for by what they bring about.
class RecoveryTest : public WebhooksTest {
 protected:
    RecoveryTest()
        : recoveries_(*store_, [this](const RealmId&, const WebhookId&, store::CommitNumber) {
              ++wakes_;
              if (woken_) woken_();
          }) {}
    ~RecoveryTest() override { store_->stop(); }

    Result<store::OperationRow> start(const WebhookId& webhook, Span span) {
        return change([this, webhook, span](Transaction& tx) {
            return start_recovery(tx, realm_, webhook, span, actor);
        });
    }
    /// A disabled webhook that has missed so many events.
    WebhookId missed(int events) {
        const auto id = created(R"(["order.paid"])").webhook.id;
        EXPECT_TRUE(patch(id, R"({"enabled":false})"));
        EXPECT_TRUE(change([this, events](Transaction& tx) -> Result<bool> {
            for (int i = 0; i < events; ++i) {
                POSTRIDER_TRY(publisher_.publish(tx, realm_, order(), EventOrigin::api));
            }
            return true;
        }));
        return id;
    }
    store::OperationRow operation(const OperationId& id) {
        return look([this, id](store::sql::Connection& sql) {
                   return store::operations_table::find(sql, realm_, id);
               })
            .value()
            .value();
    }
    /// Until it has ended and its last step's callbacks ran: readers see a commit before they do.
    store::OperationRow finished(const OperationId& id) {
        recoveries_.proceed();
        for (;;) {
            auto row = operation(id);
            if (row.state != OperationState::running) {
                EXPECT_TRUE(change([](Transaction&) -> Result<bool> { return true; }));
                return row;
            }
            std::this_thread::yield();
        }
    }

    std::atomic<int> wakes_ = 0;
    std::function<void()> woken_;
    Recoveries recoveries_;
};

TEST_F(RecoveryTest, brings_back_what_was_lost_and_what_was_missed) {
    const auto id = created(R"(["order.*"])").webhook.id;
    const auto since = clock_.now() - 1h;
    publish();
    publish();
    settle_all(id, DeliveryState::failed);
    publish();
    settle_all(id, DeliveryState::delivered);  // only what was pending
    publish();
    ASSERT_TRUE(patch(id, R"({"enabled":false})"));  // cancels one
    EXPECT_FALSE(start(id, {since, {}})) << "it is disabled";
    publish();
    publish();
    publish();
    ASSERT_TRUE(patch(id, R"({"enabled":true})"));
    EXPECT_EQ(deliveries(id).size(), 4u);

    auto operation = start(id, {since, {}});
    ASSERT_TRUE(operation) << operation.error().message;
    auto second = start(id, {since, {}});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
    const auto missed_after = publish();  // after the start: its delivery is there already
    const auto done = finished(operation->id);
    EXPECT_EQ(done.state, OperationState::done);
    EXPECT_EQ(done.done, 6);
    EXPECT_EQ(done.total, 6);
    EXPECT_GT(wakes_.load(), 0);
    EXPECT_EQ(count(id, DeliveryState::pending), 7u);
    EXPECT_EQ(count(id, DeliveryState::delivered), 1u);
    EXPECT_EQ(deliveries(id).size(), 8u) << missed_after.to_string();
    // Again: there is nothing more.
    auto again = start(id, {since, {}});
    ASSERT_TRUE(again);
    EXPECT_EQ(finished(again->id).total, 0);
    std::string out;
    json::Writer writer(out);
    write_operation(writer, done);
    EXPECT_TRUE(out.contains(
        R"("state":"done","done":6,"total":6,"phase":null,"looked_until":null,"webhook_id":")"))
        << out;
    // Whoever waits sees how far it is, also while it finds nothing.
    out.clear();
    json::Writer of_running(out);
    write_operation(of_running, *operation);
    EXPECT_TRUE(out.contains(R"("phase":"counting","looked_until":"20)")) << out;
}

TEST_F(RecoveryTest, takes_many_steps_and_only_the_span) {
    const auto id = missed(2500);
    ASSERT_TRUE(patch(id, R"({"enabled":true})"));
    auto none = start(id, {clock_.now() + 1h, {}});
    ASSERT_TRUE(none);
    EXPECT_EQ(finished(none->id).done, 0);
    auto old = start(id, {clock_.now() - 2h, clock_.now() - 1h});
    ASSERT_TRUE(old);
    EXPECT_EQ(finished(old->id).done, 0);
    auto all = start(id, {clock_.now() - 1h, {}});
    ASSERT_TRUE(all);
    const auto done = finished(all->id);
    EXPECT_EQ(done.done, 2500);
    EXPECT_EQ(done.total, 2500);
    EXPECT_EQ(wakes_.load(), 20);
}

TEST_F(RecoveryTest, gives_nothing_to_a_webhook_that_is_disabled_meanwhile) {
    const auto id = missed(2500);
    for (int round = 0; round < 10; ++round) {
        ASSERT_TRUE(patch(id, R"({"enabled":true})"));
        std::promise<bool> disabled;
        // After its first step, while the second one looks.
        woken_ = [this, id, &disabled] {
            store_->write(
                store::Turn::server(), store::WriteClass::ordinary,
                [this, id](Transaction& tx) -> Result<void> {
                    POSTRIDER_TRY(
                        webhooks_.disable(tx, realm_, id, DisabledReason::by_hand, actor));
                    return {};
                },
                [&disabled](const Result<void>& done) { disabled.set_value(done.has_value()); });
        };
        auto operation = start(id, {clock_.now() - 1h, {}});
        ASSERT_TRUE(operation) << operation.error().message;
        const auto ended = finished(operation->id);
        EXPECT_EQ(ended.state, OperationState::failed);
        EXPECT_EQ(ended.detail, "The webhook was disabled.");
        EXPECT_TRUE(disabled.get_future().get());
        EXPECT_EQ(count(id, DeliveryState::pending), 0u);
    }
}

TEST_F(RecoveryTest, stops_when_cancelled_or_when_the_webhook_goes) {
    const auto id = created(R"(["order.paid"])").webhook.id;
    auto operation = start(id, {clock_.now() - 1h, {}});
    ASSERT_TRUE(operation);
    const auto cancel = [&] {
        return change([this, of = operation->id](Transaction& tx) {
            return cancel_operation(tx, realm_, of, actor);
        });
    };
    auto cancelled = cancel();
    ASSERT_TRUE(cancelled);
    EXPECT_EQ(cancelled->state, OperationState::cancelled);
    EXPECT_EQ(finished(operation->id).state, OperationState::cancelled);
    auto again = cancel();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::conflict);
    // It is not going on by itself before proceed(): a restart lies between.
    auto other = start(id, {clock_.now() - 1h, {}});
    ASSERT_TRUE(other);
    ASSERT_TRUE(remove(id));
    const auto failed = finished(other->id);
    EXPECT_EQ(failed.state, OperationState::failed);
    EXPECT_EQ(failed.detail, "The webhook was deleted.");
}

TEST_F(WebhooksTest, changed_settings_reach_every_webhook_before_the_answer) {
    std::vector<WebhookId> ids;
    for (std::size_t i = 0; i < 2 * limits::targets_built_at_once + 1; ++i) {
        ids.push_back(created(R"(["order.paid"])").webhook.id);
    }
    ASSERT_TRUE(patch(ids[5], R"({"timeout":"3s"})"));
    const auto set = [this](const std::string& settings) {
        return change([this, settings](Transaction& tx) -> Result<bool> {
            POSTRIDER_ASSIGN(const auto before, store::realms_table::find(tx.sql(), realm_));
            store::RealmRow after = *before;
            after.settings = settings;
            POSTRIDER_TRY(store::realms_table::update(tx, after));
            webhooks_.realm_changed(tx, *before, after);
            return true;
        });
    };
    ASSERT_TRUE(set(R"({"timeout":"9s"})"));
    for (const WebhookId& id : ids) {
        EXPECT_EQ(spy_.target(id)->timeout, id == ids[5] ? Duration(3s) : Duration(9s));
    }
    spy_.take();
    ASSERT_TRUE(set(R"({"timeout":"9s","retention_days":3})"));
    EXPECT_EQ(spy_.take(), std::vector<std::string>{}) << "no target depends on it";
}

TEST_F(WebhooksTest, headers_and_templates_of_a_realm_have_a_bound_together) {
    std::string headers;
    for (int i = 0; i < 40; ++i) {
        if (i > 0) headers += ',';
        headers += "\"X-" + std::to_string(i) + "\":\"" + std::string(390, 'v') + '"';
    }
    const std::string body =
        R"({"url":"https://example.com/hook","events":["order.paid"],"headers":{)" + headers + "}}";
    Result<Saved> last = create(body);
    std::size_t count = 0;
    while (last) {
        ++count;
        last = create(body);
    }
    EXPECT_EQ(count,
              limits::webhook_memory_per_realm_max / (10 * (3 + 390 + 4) + 30 * (4 + 390 + 4)));
    EXPECT_EQ(last.error().fields.at(0).pointer, "#/headers");
    EXPECT_NE(last.error().fields.at(0).detail.find("16 MiB is the most"), std::string::npos);
    const auto plain = created(R"(["order.paid"])").webhook.id;
    ASSERT_FALSE(patch(plain, R"({"headers":{)" + headers + "}}"));
    ASSERT_TRUE(patch(plain, R"({"headers":{"X-A":"b"},"timeout":"3s"})"));
    ASSERT_TRUE(remove(plain));
}

TEST_F(WebhooksTest, a_target_holds_nothing_twice) {
    const auto saved = create(
        R"({"url":"https://example.com/hook","events":["order.paid"],"headers":{"X-A":"sesame"},)"
        R"("filter":{"data":{"total":1}},"format":"template","template":{"t":"{{event}}"}})");
    ASSERT_TRUE(saved) << saved.error().message;
    const auto target = spy_.target(saved->webhook.id);
    EXPECT_FALSE(target->controls.filter || target->controls.body_template);
    EXPECT_EQ(target->memory.headers, std::string_view("X-A: sesame\r\n").size());
    EXPECT_GT(target->memory.body_template, 0U);
}

}  // namespace
}  // namespace postrider::webhooks
