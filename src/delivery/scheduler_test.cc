#include "delivery/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/random.h"
#include "model/limits.h"
#include "model/template_limits.h"

namespace postrider::delivery {
namespace {

const Timestamp start = parse_rfc3339("2026-11-23T12:00:00Z").value();
const RealmId realm{Uuid{{1}}};

WebhookId webhook_number(int n) {
    WebhookId id;
    id.uuid.bytes[0] = 2;
    id.uuid.bytes[15] = static_cast<std::uint8_t>(n);
    return id;
}

SharedEvent content_of(std::string_view data) {
    return std::make_shared<const EventContent>("user.created", start, ResourceId{}, data);
}

events::Offer offer_of(const WebhookId& webhook, std::uint64_t number, store::CommitNumber commit,
                       Timestamp due_at = start) {
    events::Offer offer;
    offer.row.realm = realm;
    offer.row.webhook = webhook;
    for (int i = 0; i < 8; ++i) {
        offer.row.id.uuid.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    offer.row.due_at = due_at;
    offer.event = content_of("{}");
    offer.commit = commit;
    return offer;
}

/// Answers every refill with nothing, so that the lanes are not behind.
void settle_lanes(Scheduler& scheduler, store::CommitNumber commit = 0) {
    for (auto refills = scheduler.refills(start); !refills.empty();
         refills = scheduler.refills(start)) {
        for (auto& refill : refills) scheduler.refilled(refill, {}, commit, start);
    }
}

TEST(Scheduler, lanes_take_turns) {
    Scheduler scheduler(1000);
    for (int w = 0; w < 3; ++w) scheduler.add_lane(realm, webhook_number(w));
    settle_lanes(scheduler);
    std::uint64_t number = 1;
    for (int w = 0; w < 3; ++w) {
        for (int i = 0; i < 4; ++i)
            scheduler.offer(offer_of(webhook_number(w), number++, 1), start);
    }
    auto planned = scheduler.plan(start, 6);
    ASSERT_EQ(planned.size(), 6u);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(planned[i].row.webhook, webhook_number(i % 3));
}

/// One webhook whose receiver is looked at by the second: what is planned ends at once, by
/// `answer`, and is due again as a probe is, or after five seconds.
class Outage {
 public:
    explicit Outage(std::size_t count) {
        scheduler_.add_lane(realm, webhook_);
        for (std::uint64_t n = 1; n <= count; ++n) {
            auto offer = offer_of(webhook_, n, 1);
            ResourceId resource;
            resource.uuid.bytes[15] = static_cast<std::uint8_t>(n % 50);
            offer.event =
                std::make_shared<const EventContent>("user.created", start, resource, "{}");
            pending_.emplace(std::pair(offer.row.due_at, offer.row.id), std::move(offer));
        }
    }

    /// Until `until`, or nothing is pending.
    void run(Timestamp until, const std::function<LaneSignal(const Held&)>& answer) {
        while (now_ < until && !pending_.empty()) {
            for (auto& refill : scheduler_.refills(now_))
                scheduler_.refilled(refill, read(refill), 1, now_);
            auto planned = scheduler_.plan(now_, 1000);
            if (planned.empty()) {
                now_ += 100ms;
                continue;
            }
            most_in_flight = std::max(most_in_flight, scheduler_.in_flight());
            for (auto& held : planned) end(std::move(held), answer);
        }
    }

    bool is_open() const {
        return scheduler_.find_lane(webhook_)->admission.breaker().open().has_value();
    }
    std::size_t pending() const { return pending_.size(); }
    Timestamp now() const { return now_; }

    std::size_t attempts_while_open = 0;
    std::size_t most_in_flight = 0;

 private:
    store::deliveries_table::Due read(const Scheduler::Refill& refill) const {
        store::deliveries_table::Due due;
        for (const auto& [key, offer] : pending_) {
            due.complete = due.deliveries.size() < refill.limit;
            if (!due.complete) break;
            due.deliveries.push_back({offer.row, offer.event});
        }
        return due;
    }
    void end(Held held, const std::function<LaneSignal(const Held&)>& answer) {
        attempts_while_open += held.is_probe ? 1 : 0;
        const auto signal = answer(held);
        const auto breaking = scheduler_.finished(held, {signal}, now_);
        scheduler_.landed(held);
        auto offer = std::move(pending_.extract({held.row.due_at, held.row.id}).mapped());
        std::optional<Held> next;
        if (signal != LaneSignal::success) {
            offer.row.due_at =
                held.is_probe && breaking.open ? breaking.open->next_probe_at : now_ + 5s;
            next = Held{offer.row, offer.event};
            pending_.emplace(std::pair(offer.row.due_at, offer.row.id), offer);
        }
        scheduler_.recorded(webhook_, held.row.id, std::move(next), 1, now_);
    }

    Scheduler scheduler_{1000};
    WebhookId webhook_ = webhook_number(1);
    Timestamp now_ = start;
    std::map<std::pair<Timestamp, DeliveryId>, events::Offer> pending_;
};

TEST(Scheduler, a_receiver_that_is_down_for_an_hour_is_left_alone_and_approached_slowly) {
    constexpr std::size_t count = 100'000;
    Outage outage(count);
    outage.run(start + 1h, [](const Held&) { return LaneSignal::failure; });
    EXPECT_TRUE(outage.is_open());
    EXPECT_LE(outage.attempts_while_open, 20u);
    EXPECT_GE(outage.attempts_while_open, 10u);
    EXPECT_EQ(outage.pending(), count);

    std::size_t succeeded = 0;
    outage.most_in_flight = 0;
    outage.run(start + 2h, [&](const Held&) {
        ++succeeded;
        // One more for each success: a slow start from one.
        EXPECT_LE(outage.most_in_flight, succeeded);
        return LaneSignal::success;
    });
    EXPECT_EQ(outage.pending(), 0u);
    EXPECT_EQ(succeeded, count);
    EXPECT_EQ(outage.most_in_flight, limits::lane_in_flight_max);
}

TEST(Scheduler, ten_events_that_the_receiver_cannot_take_do_not_hold_the_others) {
    constexpr std::size_t count = 500;
    Outage outage(count);
    const auto is_poison = [](const Held& held) {
        return held.event->resource_id().uuid.bytes[15] == 7;  // ten of them
    };
    std::size_t good = 0;
    outage.run(start + 10min, [&](const Held& held) {
        if (is_poison(held)) return LaneSignal::failure;
        ++good;
        return LaneSignal::success;
    });
    EXPECT_EQ(good, count - 10);
    EXPECT_EQ(outage.pending(), 10u);
}

TEST(Scheduler, what_somebody_wants_is_the_next_probe) {
    Scheduler scheduler(1000);
    scheduler.add_lane(realm, webhook_number(1));
    settle_lanes(scheduler);
    std::uint64_t number = 1;
    for (std::size_t i = 0; i < limits::breaker_failures_in_row; ++i) {
        scheduler.offer(offer_of(webhook_number(1), number++, 1), start);
        for (const auto& held : scheduler.plan(start, 1)) {
            scheduler.finished(held, {LaneSignal::failure}, start);
        }
    }
    const auto first = offer_of(webhook_number(1), number++, 1);
    const auto wanted = offer_of(webhook_number(1), number++, 1);
    scheduler.offer(first, start);
    scheduler.offer(wanted, start);
    EXPECT_TRUE(scheduler.plan(start, 10).empty());
    scheduler.hurry(webhook_number(1), wanted.row.id, start + 1s);
    const auto planned = scheduler.plan(start + 1s, 10);
    ASSERT_EQ(planned.size(), 1u);
    EXPECT_EQ(planned[0].row.id, wanted.row.id);
    EXPECT_TRUE(planned[0].is_probe);
}

TEST(Scheduler, a_lane_goes_by_the_breaker_that_another_process_left) {
    Scheduler scheduler(1000);
    scheduler.add_lane(realm, webhook_number(1));
    const auto refills = scheduler.refills(start);
    ASSERT_EQ(refills.size(), 1u);
    EXPECT_TRUE(refills[0].asks_breaker);
    store::deliveries_table::Due due;
    const auto offer = offer_of(webhook_number(1), 1, 1);
    due.deliveries.push_back({offer.row, offer.event});
    due.complete = true;
    const admission::Breaker::Open open{start - 1h, start + 4min, 5min};
    scheduler.refilled(refills[0], due, 1, start, open);
    EXPECT_TRUE(scheduler.plan(start, 10).empty());
    EXPECT_EQ(scheduler.next_wake(), start + 4min);
    EXPECT_EQ(scheduler.plan(start + 4min, 10).size(), 1u);
}

TEST(Scheduler, large_bodies_in_flight_of_one_realm_leave_room_for_another) {
    Scheduler scheduler(1000);
    const auto large = content_of(std::string(limits::payload_bytes_max_hard - 256, 'x'));
    std::uint64_t number = 1;
    // Each lane may have four in flight: a hundred lanes would have 400 MiB.
    for (int w = 0; w < 100; ++w) scheduler.add_lane(realm, webhook_number(w));
    const RealmId other{Uuid{{2}}};
    scheduler.add_lane(other, webhook_number(100));
    settle_lanes(scheduler);
    for (int w = 0; w < 101; ++w) {
        auto offer = offer_of(webhook_number(w), number++, 1);
        offer.event = large;
        if (w == 100) offer.row.realm = other;
        scheduler.offer(std::move(offer), start);
    }
    const auto planned = scheduler.plan(start, 1000);
    const auto count = [&](const RealmId& of) {
        return std::ranges::count_if(planned,
                                     [&](const Held& held) { return held.row.realm == of; });
    };
    EXPECT_EQ(count(realm), 48) << "half of 96 MiB";
    EXPECT_EQ(count(other), 1);
    EXPECT_TRUE(scheduler.plan(start, 1000).empty());
    scheduler.finished(planned[0], {LaneSignal::success}, start);
    EXPECT_TRUE(scheduler.plan(start, 1000).empty()) << "until its outcome is in the store";
    scheduler.landed(planned[0]);
    scheduler.landed(*std::ranges::find(planned, other, [](const Held& h) { return h.row.realm; }));
    EXPECT_EQ(scheduler.plan(start, 1000).size(), 1u);
}

TEST(Scheduler, a_body_that_is_still_to_be_rendered_counts_as_the_largest_there_can_be) {
    Scheduler scheduler(1000);
    for (int w = 0; w < 100; ++w) {
        scheduler.add_lane(realm, webhook_number(w));
        scheduler.set_policy(webhook_number(w), {.rendered_bytes = limits::rendered_bytes_max},
                             false, start);
    }
    settle_lanes(scheduler);
    for (int w = 0; w < 100; ++w) {
        scheduler.offer(offer_of(webhook_number(w), static_cast<std::uint64_t>(w) + 1, 1), start);
    }
    auto planned = scheduler.plan(start, 1000);
    EXPECT_EQ(planned.size(), 47u) << "of 1 MiB and the event each, half of 96 MiB";
    // It counts as what it has become, also for the realm's next ones.
    scheduler.rendered(planned[0], limits::rendered_bytes_max);
    EXPECT_TRUE(scheduler.plan(start, 1000).empty());
    for (Held& held : planned) scheduler.rendered(held, 1000);
    EXPECT_EQ(scheduler.plan(start, 1000).size(), 47u);
}

TEST(Scheduler, a_retry_of_a_clock_that_was_wrong_is_due_at_once) {
    Scheduler scheduler(1000);
    scheduler.add_lane(realm, webhook_number(1));
    const auto refills = scheduler.refills(start);
    ASSERT_EQ(refills.size(), 1u);
    store::deliveries_table::Due due{.deliveries = {}, .complete = true};
    due.deliveries.push_back({.row = offer_of(webhook_number(1), 1, 1, start + 1000 * 24h).row,
                              .event = content_of("{}")});
    scheduler.refilled(refills[0], std::move(due), 1, start);
    EXPECT_EQ(scheduler.plan(start, 10).size(), 1u);
}

TEST(Scheduler, a_lane_grows_on_success_and_narrows_to_one_after_three_timeouts) {
    Scheduler scheduler(1000);
    auto webhook = webhook_number(1);
    scheduler.add_lane(realm, webhook);
    settle_lanes(scheduler);
    const auto* lane = scheduler.find_lane(webhook);
    EXPECT_EQ(lane->admission.limit(), limits::lane_in_flight_first);
    std::uint64_t number = 1;
    auto attempt = [&](LaneSignal signal) {
        auto offer = offer_of(webhook, number++, 1);
        auto id = offer.row.id;
        scheduler.offer(std::move(offer), start);
        const auto planned = scheduler.plan(start, 1);
        ASSERT_EQ(planned.size(), 1u);
        scheduler.finished(planned[0], {signal}, start);
        scheduler.recorded(webhook, id, std::nullopt, 1, start);
    };
    for (int i = 0; i < 200; ++i) attempt(LaneSignal::success);
    EXPECT_EQ(lane->admission.limit(), limits::lane_in_flight_max);
    attempt(LaneSignal::timeout);
    attempt(LaneSignal::timeout);
    EXPECT_EQ(lane->admission.limit(), limits::lane_in_flight_max);
    attempt(LaneSignal::timeout);
    EXPECT_EQ(lane->admission.limit(), 1u);
    attempt(LaneSignal::failure);
    EXPECT_EQ(lane->admission.limit(), 1u);
    attempt(LaneSignal::success);
    EXPECT_EQ(lane->admission.limit(), limits::lane_in_flight_first);
}

TEST(Scheduler, hung_lanes_leave_places_for_others) {
    Scheduler scheduler(100);
    std::uint64_t number = 1;
    for (int w = 0; w < 60; ++w) {
        scheduler.add_lane(realm, webhook_number(w));
    }
    settle_lanes(scheduler);
    for (int w = 0; w < 60; ++w) {
        for (int i = 0; i < 10; ++i)
            scheduler.offer(offer_of(webhook_number(w), number++, 1), start);
    }
    // Nobody answers: at most half the places go to lanes beyond their first.
    auto planned = scheduler.plan(start, 1000);
    EXPECT_LE(planned.size(), 60u + 50u);
    auto healthy = webhook_number(99);
    scheduler.add_lane(realm, healthy);
    settle_lanes(scheduler);
    scheduler.offer(offer_of(healthy, number++, 2), start);
    planned = scheduler.plan(start, 1000);
    ASSERT_GE(planned.size(), 1u);
    EXPECT_TRUE(std::ranges::any_of(planned,
                                    [&](const Held& held) { return held.row.webhook == healthy; }));
}

TEST(Scheduler, a_proven_lane_does_not_wait_for_all_the_others) {
    Scheduler scheduler(10'000);
    const int others = 400;
    for (int w = 0; w <= others; ++w) scheduler.add_lane(realm, webhook_number(w));
    settle_lanes(scheduler);
    const auto proven = webhook_number(others);
    auto first = offer_of(proven, 1, 1);
    const auto id = first.row.id;
    scheduler.offer(std::move(first), start);
    const auto attempted = scheduler.plan(start, 1);
    ASSERT_EQ(attempted.size(), 1u);
    scheduler.finished(attempted[0], {LaneSignal::success}, start);
    scheduler.recorded(proven, id, std::nullopt, 1, start);

    std::uint64_t number = 2;
    for (int w = 0; w <= others; ++w) {
        scheduler.offer(offer_of(webhook_number(w), number++, 2), start);
    }
    auto planned = scheduler.plan(start, 2);
    ASSERT_EQ(planned.size(), 2u);
    EXPECT_TRUE(planned[0].row.webhook == proven || planned[1].row.webhook == proven);
    EXPECT_EQ(scheduler.plan(start, 1000).size(), others - 1u);
}

TEST(Scheduler, a_refused_read_is_tried_again_after_a_pause) {
    Scheduler scheduler(10);
    const auto webhook = webhook_number(1);
    scheduler.add_lane(realm, webhook);
    const auto refills = scheduler.refills(start);
    ASSERT_EQ(refills.size(), 1u);
    scheduler.refill_failed(refills[0], start);
    EXPECT_TRUE(scheduler.refills(start).empty());
    EXPECT_EQ(scheduler.next_wake(), start + limits::refill_again_after);
    EXPECT_TRUE(scheduler.plan(start + limits::refill_again_after, 1).empty());
    EXPECT_EQ(scheduler.refills(start).size(), 1u);
}

TEST(Scheduler, a_read_that_is_too_old_is_not_repeated_at_once) {
    Scheduler scheduler(10);
    const auto webhook = webhook_number(1);
    scheduler.mark_behind(realm, webhook, 5, start);
    auto refills = scheduler.refills(start);
    ASSERT_EQ(refills.size(), 1u);
    scheduler.refilled(refills[0], {}, 4, start);
    EXPECT_TRUE(scheduler.refills(start).empty());
    EXPECT_EQ(scheduler.next_wake(), start + limits::refill_unseen_after);
    EXPECT_TRUE(scheduler.plan(start + limits::refill_unseen_after, 1).empty());
    refills = scheduler.refills(start + limits::refill_unseen_after);
    ASSERT_EQ(refills.size(), 1u);
    scheduler.refilled(refills[0], {}, 5, start);
    EXPECT_EQ(scheduler.lanes_behind(), 0u);
}

TEST(Scheduler, a_read_for_a_lane_that_went_and_came_back_is_not_the_new_lanes) {
    Scheduler scheduler(10);
    const auto webhook = webhook_number(1);
    scheduler.add_lane(realm, webhook);
    const auto before = scheduler.refills(start);
    ASSERT_EQ(before.size(), 1u);
    scheduler.remove_lane(webhook);
    scheduler.add_lane(realm, webhook);
    const auto after = scheduler.refills(start);
    ASSERT_EQ(after.size(), 1u);
    scheduler.refilled(before[0], {}, 9, start);
    EXPECT_EQ(scheduler.lanes_behind(), 1u);
    scheduler.refilled(after[0], {}, 9, start);
    EXPECT_EQ(scheduler.lanes_behind(), 0u);
    // The places for reads are all free again.
    for (std::size_t w = 0; w < 2 * limits::refills_in_flight_max; ++w) {
        scheduler.add_lane(realm, webhook_number(static_cast<int>(w) + 2));
    }
    EXPECT_EQ(scheduler.refills(start).size(), limits::refills_in_flight_max);
}

TEST(Scheduler, memory_is_bounded_and_the_rest_is_left_to_refills) {
    Scheduler scheduler(10);
    auto webhook = webhook_number(1);
    scheduler.add_lane(realm, webhook);
    settle_lanes(scheduler);
    for (std::uint64_t i = 1; i <= 10'000; ++i) {
        scheduler.offer(offer_of(webhook, i, i), start);
    }
    EXPECT_LE(scheduler.held(), limits::lane_in_flight_first * limits::lane_window_factor);
    EXPECT_EQ(scheduler.lanes_behind(), 1u);
}

store::deliveries_table::Due due_of(const events::Offer& offer) {
    store::deliveries_table::Due due{.deliveries = {}, .complete = true};
    due.deliveries.push_back({offer.row, offer.event});
    return due;
}

TEST(Scheduler, what_waits_in_memory_is_attempted_when_the_store_has_it_due_now) {
    Scheduler scheduler(1000);
    scheduler.add_lane(realm, webhook_number(0));
    settle_lanes(scheduler);
    scheduler.offer(offer_of(webhook_number(0), 1, 1, start + 20s), start);
    scheduler.offer(offer_of(webhook_number(0), 2, 1, start + 25s), start);
    EXPECT_TRUE(scheduler.plan(start, 10).empty());
    scheduler.mark_behind(realm, webhook_number(0), 2, start);
    const auto refills = scheduler.refills(start);
    ASSERT_EQ(refills.size(), 1u);
    scheduler.refilled(refills[0], due_of(offer_of(webhook_number(0), 2, 2)), 2, start);
    const auto planned = scheduler.plan(start, 10);
    ASSERT_EQ(planned.size(), 1u);
    EXPECT_EQ(planned[0].row.id, offer_of(webhook_number(0), 2, 1).row.id);
    // Once, and the other in its own time.
    EXPECT_EQ(scheduler.plan(start + 30s, 10).size(), 1u);
    EXPECT_EQ(scheduler.held(), 0u);
}

TEST(Scheduler, what_is_in_flight_is_not_attempted_again_for_being_due_now) {
    Scheduler scheduler(1000);
    scheduler.add_lane(realm, webhook_number(0));
    settle_lanes(scheduler);
    scheduler.offer(offer_of(webhook_number(0), 1, 1), start);
    ASSERT_EQ(scheduler.plan(start, 10).size(), 1u);
    scheduler.mark_behind(realm, webhook_number(0), 2, start);
    const auto refills = scheduler.refills(start);
    ASSERT_EQ(refills.size(), 1u);
    scheduler.refilled(refills[0], due_of(offer_of(webhook_number(0), 1, 2)), 2, start);
    EXPECT_TRUE(scheduler.plan(start, 10).empty());
}

TEST(Scheduler, what_waits_for_its_time_does_not_keep_what_is_due_now_in_the_store) {
    Scheduler scheduler(1000);
    scheduler.add_lane(realm, webhook_number(0));
    settle_lanes(scheduler);
    const std::size_t window = limits::lane_in_flight_first * limits::lane_window_factor;
    for (std::size_t i = 1; i <= window; ++i) {
        scheduler.offer(offer_of(webhook_number(0), i, 1, start + 20s), start);
    }
    ASSERT_EQ(scheduler.held(), window);
    scheduler.mark_behind(realm, webhook_number(0), 2, start);
    const auto refills = scheduler.refills(start);
    ASSERT_EQ(refills.size(), 1u);
    // In the order of their times, as the store gives them.
    auto due = due_of(offer_of(webhook_number(0), window + 1, 2));
    for (std::size_t id = 1; id <= window; ++id) {
        const auto waiting = offer_of(webhook_number(0), id, 1, start + 20s);
        due.deliveries.push_back({waiting.row, waiting.event});
    }
    scheduler.refilled(refills[0], std::move(due), 2, start);
    const auto planned = scheduler.plan(start, 10);
    ASSERT_EQ(planned.size(), 1u);
    EXPECT_EQ(planned[0].row.id, offer_of(webhook_number(0), window + 1, 2).row.id);
    // What has no room is still the store's, and is read again.
    EXPECT_EQ(scheduler.held(), window - 1);
    EXPECT_EQ(scheduler.lanes_behind(), 1u);
}

TEST(Scheduler, a_retry_due_late_waits_in_the_store_only) {
    Scheduler scheduler(10);
    auto webhook = webhook_number(1);
    scheduler.add_lane(realm, webhook);
    settle_lanes(scheduler);
    auto offer = offer_of(webhook, 1, 1);
    scheduler.offer(offer, start);
    auto planned = scheduler.plan(start, 10);
    scheduler.finished(planned[0], {LaneSignal::failure}, start);
    planned[0].row.due_at = start + 2h;
    auto id = planned[0].row.id;
    scheduler.recorded(webhook, id, std::move(planned[0]), 2, start);
    EXPECT_EQ(scheduler.held(), 0u);
    EXPECT_EQ(scheduler.next_wake(), start + 2h);
    EXPECT_TRUE(scheduler.plan(start + 2h, 10).empty());
    EXPECT_EQ(scheduler.refills(start).size(), 1u);
}

// A model of the store and the engine's other half, driven from one seed: commits, offers that are
// dropped at random, reads of older snapshots, retries, cancellations, what is made due by hand,
// lanes that are another node's for a while.
class Simulation {
 public:
    explicit Simulation(std::uint64_t seed) : random_(seed) {
        // Reads that take longer than the wait for a retry, too.
        if (chance(0.5)) read_ends_ = 0.05;
    }

    void run() {
        for (int w = 0; w < lanes; ++w) scheduler_.add_lane(realm, webhook_number(w));
        // Short, so that what a last commit loses is not repaired by a later one.
        for (int step = 0; step < 60; ++step) {
            now_ += Duration{static_cast<std::int64_t>(random_.next() % 20'000)};
            if (chance(0.5)) publish();
            if (chance(0.05)) cancel(webhook_number(static_cast<int>(random_.next() % lanes)));
            if (chance(0.1)) hurry(webhook_number(static_cast<int>(random_.next() % lanes)));
            if (chance(0.05)) leave(webhook_number(static_cast<int>(random_.next() % lanes)));
            act();
        }
        // Everything that is left must come to its end.
        for (int step = 0; step < 20'000 && !all_final(); ++step) {
            now_ += 50ms;
            // A breaker may be open for minutes.
            const bool is_idle = flying_.empty() && reads_.empty() && unrecorded_.empty();
            if (is_idle && scheduler_.next_wake()) now_ = std::max(now_, *scheduler_.next_wake());
            act();
        }
        ASSERT_TRUE(all_final()) << "pending for ever";
    }

 private:
    static constexpr int lanes = 5;
    struct Stored {
        events::Offer offer;
        DeliveryState state = DeliveryState::pending;
        bool in_flight = false;
        int failures_left = 0;
    };
    struct Read {
        Scheduler::Refill refill;
        store::deliveries_table::Due due;
        store::CommitNumber commit;
    };
    struct Record {
        Held held;
        bool success;
    };

    Duration late() {
        return Duration{static_cast<std::int64_t>(
            random_.next() % static_cast<std::uint64_t>(limits::told_late_max.count()))};
    }
    bool chance(double p) { return random_.unit() < p; }
    bool all_final() const {
        return std::ranges::all_of(open_, [](const auto& lane) { return lane.second.empty(); });
    }

    void publish() {
        ++commit_;
        int count = static_cast<int>(random_.next() % 40);
        auto webhook = webhook_number(static_cast<int>(random_.next() % lanes));
        for (int i = 0; i < count; ++i) {
            // Some are told late: a slow commit, another node's clock.
            const bool is_late = chance(0.2);
            auto offer = offer_of(webhook, ++number_, commit_, is_late ? now_ - late() : now_);
            stored_[offer.row.id] = {offer, DeliveryState::pending, false,
                                     static_cast<int>(random_.next() % 3)};
            open_[webhook].insert(offer.row.id);
            if (away_.contains(webhook)) continue;
            if (chance(0.2)) {
                // As the inbox does when full.
                scheduler_.mark_behind(realm, webhook, commit_, now_ - limits::told_late_max);
            } else {
                scheduler_.offer(offer, now_);
            }
        }
    }

    void cancel(const WebhookId& webhook) {
        ++commit_;
        for (const auto& id : open_[webhook]) stored_.at(id).state = DeliveryState::cancelled;
        open_[webhook].clear();
        scheduler_.reset_lane(webhook, commit_);
    }

    /// Somebody wants some of what waits attempted now.
    void hurry(const WebhookId& webhook) {
        ++commit_;
        for (const auto& id : open_[webhook]) {
            Stored& stored = stored_.at(id);
            if (stored.offer.row.due_at <= now_ || chance(0.3)) continue;
            stored.offer.row.due_at = now_;
        }
        if (away_.contains(webhook)) return;
        scheduler_.mark_behind(realm, webhook, commit_, now_ - limits::told_late_max);
    }

    void leave(const WebhookId& webhook) {
        scheduler_.remove_lane(webhook);
        away_.insert(webhook);
    }

    /// What was in flight is recorded by then, and the other node has attempted some.
    void come_back() {
        for (auto webhook = away_.begin(); webhook != away_.end();) {
            const auto is_its = [&](const Held& held) { return held.row.webhook == *webhook; };
            if (std::ranges::any_of(flying_, is_its) ||
                std::ranges::any_of(unrecorded_, is_its, &Record::held) || chance(0.5)) {
                ++webhook;
                continue;
            }
            ++commit_;
            std::erase_if(open_[*webhook], [&](const DeliveryId& id) {
                if (!chance(0.3)) return false;
                stored_.at(id).state = DeliveryState::delivered;
                return true;
            });
            scheduler_.add_lane(realm, *webhook);
            webhook = away_.erase(webhook);
        }
    }

    void act() {
        come_back();
        for (auto& refill : scheduler_.refills(now_)) start_read(refill);
        if (!reads_.empty() && chance(read_ends_)) finish_read();
        for (auto& held : scheduler_.plan(now_, 1 + random_.next() % 8)) start_attempt(held);
        while (!flying_.empty() && chance(0.6)) finish_attempt();
        if (chance(0.4)) record();
    }

    void start_read(const Scheduler::Refill& refill) {
        Read read{refill, {}, commit_};
        std::vector<const Stored*> pending;
        for (const auto& id : open_[refill.webhook]) pending.push_back(&stored_.at(id));
        std::ranges::sort(pending, {}, [](const Stored* s) {
            return std::pair(s->offer.row.due_at, s->offer.row.id);
        });
        for (const auto* stored : pending) {
            if (stored->offer.row.due_at < refill.due_since) continue;
            if (read.due.deliveries.size() == refill.limit) break;
            read.due.deliveries.push_back({stored->offer.row, stored->offer.event});
        }
        read.due.complete = read.due.deliveries.size() < refill.limit;
        reads_.push_back(std::move(read));
    }

    void finish_read() {
        auto read = std::move(reads_.front());
        reads_.erase(reads_.begin());
        if (chance(0.1)) {
            scheduler_.refill_failed(read.refill, now_);
        } else {
            scheduler_.refilled(read.refill, std::move(read.due), read.commit, now_);
        }
    }

    void start_attempt(Held& held) {
        auto& stored = stored_.at(held.row.id);
        ASSERT_FALSE(stored.in_flight) << "two attempts of one delivery at once";
        ASSERT_EQ(stored.state, DeliveryState::pending) << "attempted after its end";
        ASSERT_LE(held.row.due_at, now_) << "attempted before it was due";
        stored.in_flight = true;
        flying_.push_back(std::move(held));
    }

    void finish_attempt() {
        auto at = flying_.begin() + static_cast<std::ptrdiff_t>(random_.next() % flying_.size());
        auto& stored = stored_.at(at->row.id);
        stored.in_flight = false;
        bool success = stored.failures_left-- <= 0;
        const auto signal = success       ? LaneSignal::success
                            : chance(0.5) ? LaneSignal::failure
                                          : LaneSignal::timeout;
        scheduler_.finished(*at, {signal}, now_);
        unrecorded_.push_back({std::move(*at), success});
        flying_.erase(at);
    }

    /// The engine hears of a cancellation that commits right after the outcomes before it hears of
    /// the outcomes: tasks of a commit run before its answers.
    void record() {
        auto commit = ++commit_;
        struct Told {
            WebhookId webhook;
            DeliveryId id;
            std::optional<Held> next;
        };
        std::vector<Told> told;
        for (auto& record : unrecorded_) {
            auto& stored = stored_.at(record.held.row.id);
            auto id = record.held.row.id;
            auto webhook = record.held.row.webhook;
            std::optional<Held> next;
            if (record.success) {
                stored.state = DeliveryState::delivered;
                open_[webhook].erase(id);
            } else if (stored.state == DeliveryState::pending) {
                Duration wait = chance(0.2) ? Duration{limits::held_ahead} + 10s : 100ms;
                stored.offer.row.due_at = record.held.row.due_at = now_ + wait;
                next = std::move(record.held);
            }
            told.push_back({webhook, id, std::move(next)});
        }
        unrecorded_.clear();
        if (!told.empty() && chance(0.05)) {
            cancel(told.front().webhook);
            // The lane may even have been read again by then.
            while (!reads_.empty()) finish_read();
            for (auto& refill : scheduler_.refills(now_)) start_read(refill);
            while (!reads_.empty()) finish_read();
        }
        if (!told.empty() && chance(0.1)) {
            hurry(told.front().webhook);
            for (auto& refill : scheduler_.refills(now_)) start_read(refill);
            while (!reads_.empty()) finish_read();
        }
        for (auto& t : told) {
            if (away_.contains(t.webhook)) continue;
            scheduler_.recorded(t.webhook, t.id, std::move(t.next), commit, now_);
        }
    }

    SeededRandom random_;
    double read_ends_ = 0.5;  // the chance, each time it is looked at
    Scheduler scheduler_{64};
    Timestamp now_ = start;
    store::CommitNumber commit_ = 0;
    std::uint64_t number_ = 0;
    std::map<DeliveryId, Stored> stored_;
    std::map<WebhookId, std::set<DeliveryId>> open_;  // pending ones
    std::set<WebhookId> away_;
    std::vector<Read> reads_;
    std::vector<Held> flying_;
    std::vector<Record> unrecorded_;
};

TEST(Scheduler, simulation_delivers_everything_once_at_a_time_whatever_is_dropped) {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Simulation(seed).run();
        if (testing::Test::HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace postrider::delivery
