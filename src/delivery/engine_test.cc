#include "delivery/engine.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <future>
#include <thread>

#include "base/mutex.h"
#include "delivery/flight_log.h"
#include "model/limits.h"
#include "net/event_loop.h"
#include "net/http_sender.h"
#include "store/cancellations_table.h"
#include "store/sqlite_store.h"
#include "store/tables.h"

namespace postrider::delivery {
namespace {

/// Answers what the test says, on the loop's thread: at once, or when it lets go of them.
class FakeSender final : public net::HttpSender {
 public:
    void send(net::SendRequest request, Done done) override {
        AttemptResult result;
        {
            MutexLock lock(mutex_);
            requests_.push_back(std::move(request));
            result = answer_;
            if (is_holding_) {
                held_.push_back(std::move(done));
                return;
            }
        }
        done(std::move(result));
    }
    void stop() override {}
    void answer_with(AttemptResult result) {
        MutexLock lock(mutex_);
        answer_ = std::move(result);
    }
    std::size_t count() {
        MutexLock lock(mutex_);
        return requests_.size();
    }
    void hold() {
        MutexLock lock(mutex_);
        is_holding_ = true;
    }
    /// Call it on the loop's thread.
    void let_go() {
        std::vector<Done> held;
        AttemptResult result;
        {
            MutexLock lock(mutex_);
            is_holding_ = false;
            held.swap(held_);
            result = answer_;
        }
        for (auto& done : held) done(result);
    }
    net::SendRequest last() {
        MutexLock lock(mutex_);
        return requests_.back();
    }

 private:
    Mutex mutex_;
    std::deque<net::SendRequest> requests_ GUARDED_BY(mutex_);
    AttemptResult answer_ GUARDED_BY(mutex_);
    bool is_holding_ GUARDED_BY(mutex_) = false;
    std::vector<Done> held_ GUARDED_BY(mutex_);
};

AttemptResult answered(int status, OutcomeReason reason) {
    AttemptResult result;
    result.status = status;
    result.reason = reason;
    return result;
}

class EngineTest : public testing::Test {
 protected:
    EngineTest() {
        char pattern[] = "/tmp/postrider-engine-XXXXXX";
        folder_ = mkdtemp(pattern);
        store_ = std::move(*store::open_sqlite({.path = folder_ + "/test.db"}, clock_, random_));
        target_.realm.uuid.bytes[0] = 1;
        target_.webhook.uuid.bytes[0] = 2;
        target_.enabled = true;
        auto url = std::make_shared<net::Url>();
        *url = net::parse_url("http://127.0.0.1:1/").value();
        target_.url = url;
        target_.keys = {{SigningScheme::v1, std::string(32, 'k')}};
        target_.timeout = 1s;
        target_.retry_schedule = {1ms, 1ms};
        make_engine();
    }
    ~EngineTest() override {
        stop();
        store_->stop();
        engine_.reset();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    void make_engine() {
        loop_ = std::make_unique<net::EventLoop>(clock_);
        EngineOptions options{.flight_file = folder_ + "/flight",
                              .user_agent = "Postrider/test",
                              .attempts_in_flight_max = 100,
                              .actions = {}};
        options.actions.disable = [this](store::Transaction& tx, const RealmId& realm,
                                         const WebhookId& webhook,
                                         DisabledReason reason) -> Result<bool> {
            if (cannot_disable_) return std::unexpected(*cannot_disable_);
            const store::CancellationRow all{.realm = realm,
                                             .id = {},
                                             .webhook = webhook,
                                             .reason = "disabled",
                                             .at = tx.now(),
                                             .except = {},
                                             .before = {}};
            POSTRIDER_TRY(store::cancellations_table::cancel(tx, all, Timestamp{}, 1000));
            disabled_.push_back(reason);
            return true;
        };
        options.actions.purge_if_final = [](auto&&...) -> Result<void> { return {}; };
        options.ownership = ownership_;
        engine_ = delivery::make_engine(*store_, clock_, random_, *loop_, sender_, options);
        engine_->target_changed(std::make_shared<const webhooks::Target>(target_));
    }
    void start() { ASSERT_TRUE(engine_->start()); }
    void stop() { engine_->stop(clock_.monotonic() + 5s); }

    Result<void> write(store::Closure closure) {
        std::promise<Result<void>> done;
        store_->write(store::Turn::server(), store::WriteClass::ordinary, std::move(closure),
                      [&](Result<void> result) { done.set_value(std::move(result)); });
        return done.get_future().get();
    }
    /// Commits an event and its delivery; `offered` says whether the engine is told.
    store::DeliveryRow publish(std::function<void(store::DeliveryRow&)> adjust = {}) {
        store::DeliveryRow row;
        auto written = write([&](store::Transaction& tx) -> Result<void> {
            store::EventRow event{target_.realm, tx.mint_id<EventId>(), "test.event", {},
                                  tx.now(),      EventOrigin::api,      R"({"a":1})"};
            POSTRIDER_TRY(store::events_table::insert(tx, event));
            row.realm = target_.realm;
            row.id = tx.mint_id<DeliveryId>();
            row.webhook = target_.webhook;
            row.event = event.id;
            row.due_at = row.pending_since = tx.now();
            if (adjust) adjust(row);
            return store::deliveries_table::insert(tx, row);
        });
        EXPECT_TRUE(written);
        return row;
    }
    const SharedEvent event_ =
        std::make_shared<const EventContent>("test.event", Timestamp{}, ResourceId{}, "{}");
    void offer(const store::DeliveryRow& row) {
        engine_->offer({row, event_, store_->last_commit()});
    }
    std::optional<store::DeliveryView> view(const DeliveryId& id) {
        std::promise<std::optional<store::DeliveryView>> done;
        store_->read(store::Turn::server(), store::ReadClass::first,
                     [&](Result<store::Snapshot*> snapshot) {
                         done.set_value(
                             *store::deliveries_table::find((*snapshot)->sql(), target_.realm, id));
                     });
        return done.get_future().get();
    }
    /// Polls, because the outcome is written by other threads; fails after ten seconds.
    store::DeliveryView until(const DeliveryId& id, DeliveryState state) {
        auto give_up = clock_.monotonic() + 10s;
        while (clock_.monotonic() < give_up) {
            auto found = view(id);
            if (found && found->row.state == state) return *found;
            std::this_thread::yield();
        }
        ADD_FAILURE() << "the delivery did not become " << to_string(state);
        return {};
    }

    std::string folder_;
    SystemClock clock_;
    SystemRandom random_;
    webhooks::Target target_;
    FakeSender sender_;
    std::vector<DisabledReason> disabled_;
    std::optional<Error> cannot_disable_;
    std::optional<Ownership> ownership_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<net::EventLoop> loop_;
    std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, delivers_what_is_offered_and_records_the_attempt) {
    sender_.answer_with(answered(204, OutcomeReason::accepted));
    start();
    auto row = publish();
    offer(row);
    auto done = until(row.id, DeliveryState::delivered);
    EXPECT_EQ(done.row.attempts, 1);
    EXPECT_EQ(done.last_status, 204);
    auto headers = sender_.last().headers;
    EXPECT_NE(headers.find("webhook-id: " + row.event.to_string()), std::string::npos);
    EXPECT_NE(headers.find("webhook-signature: v1,"), std::string::npos);
}

TEST_F(EngineTest, finds_what_it_was_never_offered) {
    sender_.answer_with(answered(200, OutcomeReason::accepted));
    auto row = publish();  // as after a restart
    start();
    until(row.id, DeliveryState::delivered);
}

TEST_F(EngineTest, retries_to_the_schedules_end) {
    sender_.answer_with(answered(500, OutcomeReason::refused_by_status));
    start();
    auto row = publish();
    offer(row);
    EXPECT_EQ(until(row.id, DeliveryState::failed).row.attempts, 3);
    EXPECT_EQ(sender_.count(), 3u);
}

TEST_F(EngineTest, disables_on_410_and_after_five_days_of_failing) {
    sender_.answer_with(answered(410, OutcomeReason::gone));
    start();
    auto gone = publish();
    offer(gone);
    until(gone.id, DeliveryState::failed);
    ASSERT_EQ(disabled_.size(), 1u);
    EXPECT_EQ(disabled_[0], DisabledReason::gone);

    // The engine remembers since when a webhook fails, and knows of the store's row from its start.
    stop();
    ASSERT_TRUE(write([&](store::Transaction& tx) {
        return store::webhook_health_table::put(
            tx, {target_.realm, target_.webhook, tx.now() - limits::failing_before_disable, 4});
    }));
    make_engine();
    start();
    sender_.answer_with(answered(500, OutcomeReason::refused_by_status));
    auto failing = publish();
    offer(failing);
    until(failing.id, DeliveryState::cancelled);
    ASSERT_EQ(disabled_.size(), 2u);
    EXPECT_EQ(disabled_[1], DisabledReason::failing);
}

TEST_F(EngineTest, what_follows_from_an_outcome_and_cannot_be_done_holds_up_no_outcome) {
    cannot_disable_ = Error{ErrorCode::corrupt, "a row of webhooks cannot be read", {}};
    sender_.answer_with(answered(410, OutcomeReason::gone));
    sender_.hold();
    start();
    std::vector<store::DeliveryRow> rows;
    for (int i = 0; i < 3; ++i) offer(rows.emplace_back(publish()));
    while (sender_.count() < 3) std::this_thread::yield();
    loop_->post([this] { sender_.let_go(); });
    for (const auto& row : rows) EXPECT_EQ(until(row.id, DeliveryState::failed).row.attempts, 1);
    EXPECT_TRUE(disabled_.empty());
    sender_.answer_with(answered(204, OutcomeReason::accepted));
    const auto next = publish();
    offer(next);
    until(next.id, DeliveryState::delivered);
}

TEST_F(EngineTest, a_success_ends_the_failing) {
    sender_.answer_with(answered(500, OutcomeReason::refused_by_status));
    start();
    auto first = publish();
    offer(first);
    until(first.id, DeliveryState::failed);
    sender_.answer_with(answered(200, OutcomeReason::accepted));
    auto second = publish();
    offer(second);
    until(second.id, DeliveryState::delivered);
    std::optional<store::WebhookHealthRow> health = store::WebhookHealthRow{};
    ASSERT_TRUE(write([&](store::Transaction& tx) -> Result<void> {
        POSTRIDER_ASSIGN(
            health, store::webhook_health_table::find(tx.sql(), target_.realm, target_.webhook));
        return {};
    }));
    EXPECT_EQ(health, std::nullopt);
}

TEST_F(EngineTest, a_test_is_sent_though_the_webhook_is_disabled) {
    target_.enabled = false;
    engine_->target_changed(std::make_shared<const webhooks::Target>(target_));
    sender_.answer_with(answered(500, OutcomeReason::refused_by_status));
    start();
    auto row = publish([](store::DeliveryRow& test) {
        test.test = true;
        test.due_at += 1h;  // the lane's refill must not take it
    });
    std::promise<void> told;
    engine_->send_test({row, event_, store_->last_commit()}, [&](Result<void> result) {
        EXPECT_TRUE(result);
        told.set_value();
    });
    told.get_future().wait();
    EXPECT_EQ(view(row.id)->row.state, DeliveryState::failed);
    EXPECT_EQ(sender_.count(), 1u);
    EXPECT_TRUE(disabled_.empty());
}

TEST_F(EngineTest, what_was_alone_in_flight_at_two_crashes_is_set_aside) {
    auto row = publish();
    sender_.answer_with(answered(200, OutcomeReason::accepted));
    for (int crash = 1; crash <= 2; ++crash) {
        if (::fork() == 0) {
            ::pthread_setname_np(::pthread_self(), "engine");
            FlightLog log;
            (void)log.open(folder_ + "/flight", 100);
            log.note({target_.realm, row.id});
            ::raise(SIGABRT);
        }
        ::wait(nullptr);
        if (crash == 2) continue;
        ASSERT_TRUE(write([&](store::Transaction& tx) {
            return store::deliveries_table::count_crash(tx, row.id, row.realm);
        }));
    }
    start();
    auto set_aside = until(row.id, DeliveryState::failed);
    EXPECT_EQ(sender_.count(), 0u);
    EXPECT_NE(set_aside.row.reason.find("crashed 2 times"), std::string::npos)
        << set_aside.row.reason;
}

/// Of a webhook that is deleted while an attempt is in the air, another node's news may come late.
TEST_F(EngineTest, an_answer_to_a_lane_that_went_and_came_back_is_recorded) {
    sender_.answer_with(answered(200, OutcomeReason::accepted));
    sender_.hold();
    start();
    const auto row = publish();
    offer(row);
    while (sender_.count() < 1) std::this_thread::yield();
    engine_->target_removed(target_.webhook);
    engine_->target_changed(std::make_shared<const webhooks::Target>(target_));
    std::promise<void> told;
    engine_->after([&] {
        sender_.let_go();
        told.set_value();
    });
    told.get_future().wait();
    EXPECT_EQ(until(row.id, DeliveryState::delivered).row.attempts, 1);
}

/// A lane may go to another node and come back while its outcomes wait for the store.
TEST_F(EngineTest, outcomes_of_a_lane_from_before_do_not_fence_those_from_after) {
    std::atomic<std::int64_t> epoch = 1;
    ownership_ = {.hold =
                      [&](store::Transaction&, std::span<const store::OwnedLane> lanes) {
                          std::vector<bool> held;
                          for (const auto& lane : lanes) held.push_back(lane.epoch == epoch);
                          return Result<std::vector<bool>>(std::move(held));
                      },
                  .elsewhere = [](auto&&...) {},
                  .released = [](auto&&...) {},
                  .lost = [] {}};
    make_engine();
    sender_.answer_with(answered(200, OutcomeReason::accepted));
    start();
    const auto own = [&](std::int64_t as) { engine_->own({{target_.realm, target_.webhook, as}}); };
    own(1);
    engine_->lease(clock_.monotonic() + 1h);
    const auto first = publish();
    const auto second = publish();
    std::promise<void> blocked;
    store_->write(store::Turn::server(), store::WriteClass::ordinary,
                  [&](store::Transaction&) -> Result<void> {
                      blocked.get_future().wait();
                      return {};
                  },
                  {});
    for (const auto& row : {first, second}) offer(row);
    while (sender_.count() < 2) std::this_thread::yield();
    epoch = 3;
    own(3);
    while (sender_.count() < 4) std::this_thread::yield();  // again, from the store
    blocked.set_value();
    for (const auto& row : {first, second}) {
        EXPECT_EQ(until(row.id, DeliveryState::delivered).row.attempts, 1);
    }
}

}  // namespace
}  // namespace postrider::delivery
