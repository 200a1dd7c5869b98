#include "store/order_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "model/order_limits.h"
#include "store/hold_rooms.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::store {
namespace {

class OrderTableTest : public testing::Test {
 protected:
    template <typename F>
    auto change(F closure) {
        using R = std::invoke_result_t<F, Transaction&>;
        return *write_now<typename R::value_type>(*store, std::move(closure));
    }
    OrderTableTest() {
        change([this](Transaction& tx) -> Result<bool> {
            realm = tx.mint_id<RealmId>();
            WebhookRow row;
            row.realm = realm;
            row.id = webhook = tx.mint_id<WebhookId>();
            row.events = "[\"*\"]";
            row.signing = "[\"v1\"]";
            row.controls = R"({"ordering":"resource","on_exhausted":"hold"})";
            row.ordered = true;
            row.created_at = row.updated_at = tx.now();
            POSTRIDER_TRY(webhooks_table::insert(tx, row));
            return true;
        });
    }
    ~OrderTableTest() override { store->stop(); }

    static ResourceId resource_number(std::uint64_t n) {
        ResourceId id;
        id.uuid.bytes[15] = static_cast<std::uint8_t>(n);
        return id;
    }
    DeliveryId publish(const ResourceId& resource) {
        return change([&](Transaction& tx) -> Result<DeliveryId> {
            EventRow event{.realm = realm,
                           .id = tx.mint_id<EventId>(),
                           .type = "order.paid",
                           .resource_id = resource,
                           .timestamp = tx.now(),
                           .data = "{}"};
            DeliveryRow row;
            row.realm = realm;
            row.id = tx.mint_id<DeliveryId>();
            row.webhook = webhook;
            row.event = event.id;
            row.due_at = row.pending_since = tx.now();
            row.ordered = true;
            const order_table::Member member{realm, webhook, resource, row.id};
            POSTRIDER_TRY(events_table::insert_all(tx, std::span(&event, 1)));
            POSTRIDER_TRY(deliveries_table::insert(tx, row));
            POSTRIDER_TRY(order_table::enter(tx, std::span(&member, 1)));
            return row.id;
        });
    }
    /// As a refill does: what may start, and what may not is parked.
    std::set<DeliveryId> refill() {
        return change([&](Transaction& tx) -> Result<std::set<DeliveryId>> {
            POSTRIDER_ASSIGN(const auto due,
                             deliveries_table::due(tx.sql(), realm, webhook, {}, 1000, 1 << 20));
            POSTRIDER_ASSIGN(const bool is_all, order_table::park(tx, realm, webhook, due.blocked));
            EXPECT_TRUE(is_all);
            std::set<DeliveryId> startable;
            for (const auto& each : due.deliveries) startable.insert(each.row.id);
            return startable;
        });
    }
    /// As the recorder does.
    bool end(const DeliveryId& id, const ResourceId& resource, DeliveryState state) {
        return change([&](Transaction& tx) -> Result<bool> {
            POSTRIDER_ASSIGN(auto view, deliveries_table::find(tx.sql(), realm, id));
            view->row.state = state;
            view->row.finished_at = tx.now();
            POSTRIDER_ASSIGN(const bool settled, deliveries_table::settle(tx, view->row));
            EXPECT_TRUE(settled);
            const order_table::Ended ended{{realm, webhook, resource, id},
                                           state == DeliveryState::failed};
            order_table::Lanes overflowing;
            POSTRIDER_ASSIGN(const auto lanes, order_table::end(tx, std::span(&ended, 1), rooms,
                                                                Monotonic{1h}, overflowing));
            return !lanes.empty();
        });
    }
    std::optional<order_table::Held> held(const ResourceId& resource) {
        return change([&](Transaction& tx) {
            return order_table::find_held(tx.sql(), realm, webhook, resource);
        });
    }

    TemporaryStore store;
    RealmId realm;
    WebhookId webhook;
    HoldRooms rooms;
};

TEST_F(OrderTableTest, the_first_of_a_resource_may_start_and_lets_the_next_one_go) {
    const auto one = resource_number(1), other = resource_number(2);
    const auto first = publish(one), second = publish(one), third = publish(one);
    const auto beside = publish(other);
    EXPECT_EQ(refill(), (std::set{first, beside}));
    EXPECT_EQ(refill(), (std::set{first, beside})) << "they are not due any more";
    EXPECT_FALSE(end(beside, other, DeliveryState::delivered));
    EXPECT_TRUE(end(first, one, DeliveryState::delivered));
    EXPECT_EQ(refill(), std::set{second});
    EXPECT_TRUE(end(second, one, DeliveryState::cancelled));
    EXPECT_EQ(refill(), std::set{third});
    EXPECT_FALSE(end(third, one, DeliveryState::delivered));
    EXPECT_TRUE(refill().empty());
}

TEST_F(OrderTableTest, what_is_parked_is_read_by_nobody_who_looks_for_what_is_due) {
    const auto one = resource_number(1);
    const auto first = publish(one), second = publish(one);
    EXPECT_EQ(refill(), std::set{first});
    change([&](Transaction& tx) -> Result<bool> {
        POSTRIDER_ASSIGN(const auto due,
                         deliveries_table::due(tx.sql(), realm, webhook, {}, 1000, 1 << 20));
        EXPECT_EQ(due.deliveries.size(), 1u);
        EXPECT_TRUE(due.blocked.empty() && due.complete);
        POSTRIDER_ASSIGN(const auto view, deliveries_table::find(tx.sql(), realm, second));
        EXPECT_EQ(view->row.due_at, limits::parked_due);
        POSTRIDER_ASSIGN(const auto blocked_by, order_table::blocked_by(tx.sql(), realm, second));
        EXPECT_EQ(blocked_by, first);
        return true;
    });
}

TEST_F(OrderTableTest, a_refill_that_saw_less_than_is_true_now_parks_nothing) {
    const auto one = resource_number(1);
    const auto first = publish(one), second = publish(one);
    const order_table::Blocked seen{second, first};
    EXPECT_TRUE(end(first, one, DeliveryState::delivered));
    change([&](Transaction& tx) -> Result<bool> {
        POSTRIDER_ASSIGN(const bool is_all,
                         order_table::park(tx, realm, webhook, std::span(&seen, 1)));
        EXPECT_FALSE(is_all);
        return true;
    });
    EXPECT_EQ(refill(), std::set{second});
}

TEST_F(OrderTableTest, one_that_failed_holds_its_resource_until_it_is_retried_or_skipped) {
    const auto one = resource_number(1);
    const auto first = publish(one), second = publish(one), third = publish(one);
    EXPECT_EQ(refill(), std::set{first});
    EXPECT_FALSE(end(first, one, DeliveryState::failed));
    EXPECT_TRUE(refill().empty());
    EXPECT_EQ(held(one)->delivery, first);

    change([&](Transaction& tx) { return deliveries_table::revive(tx, realm, first, tx.now()); });
    EXPECT_FALSE(held(one).has_value());
    EXPECT_EQ(refill(), std::set{first}) << "still before the others";
    EXPECT_TRUE(end(first, one, DeliveryState::delivered));
    EXPECT_EQ(refill(), std::set{second});

    EXPECT_FALSE(end(second, one, DeliveryState::failed));
    change([&](Transaction& tx) -> Result<bool> {
        POSTRIDER_TRY(order_table::skip_held(tx, realm, webhook, one));
        return true;
    });
    EXPECT_EQ(refill(), std::set{third});
    EXPECT_FALSE(held(one).has_value());
}

TEST_F(OrderTableTest, resources_that_are_held_are_counted_now_and_then) {
    const auto fill = [&](std::size_t count) {
        static constexpr sql::Query insert{
            "INSERT INTO order_queue (realm_id, delivery_id, webhook_id, resource_id, held_at) "
            "VALUES ($1, $2, $3, $4, 1)"};
        change([&](Transaction& tx) -> Result<bool> {
            for (std::size_t i = 0; i < count; ++i) {
                POSTRIDER_TRY(tx.sql().run(insert, realm, tx.mint(), webhook, tx.mint()));
            }
            return true;
        });
    };
    const Monotonic start{1h};
    const auto may_hold = [&](Monotonic now) {
        return change([&](Transaction& tx) { return rooms.take(tx.sql(), realm, webhook, now); });
    };
    fill(limits::held_resources_max - 2);
    EXPECT_TRUE(may_hold(start));
    EXPECT_TRUE(may_hold(start));
    EXPECT_FALSE(may_hold(start)) << "of those that it has said yes to";
    change([&](Transaction& tx) -> Result<bool> {
        POSTRIDER_TRY(order_table::forget(tx, realm, webhook));
        return true;
    });
    EXPECT_FALSE(may_hold(start + limits::held_counted_again - 1ms)) << "not for each outcome";
    EXPECT_TRUE(may_hold(start + limits::held_counted_again));
    // Another's is not counted in the same moment; it may hold until it is.
    fill(limits::held_resources_max);
    HoldRooms others;
    const auto other_may = [&](const WebhookId& id, Monotonic now) {
        return change([&](Transaction& tx) { return others.take(tx.sql(), realm, id, now); });
    };
    EXPECT_TRUE(other_may(WebhookId{Uuid{{1}}}, start));
    EXPECT_TRUE(other_may(webhook, start));
    EXPECT_FALSE(other_may(webhook, start + limits::held_count_interval));
}

TEST_F(OrderTableTest, a_redelivery_is_outside_of_the_order) {
    const auto one = resource_number(1);
    const auto first = publish(one), second = publish(one);
    EXPECT_EQ(refill(), std::set{first});
    EXPECT_TRUE(end(first, one, DeliveryState::delivered));
    change([&](Transaction& tx) { return deliveries_table::revive(tx, realm, first, tx.now()); });
    EXPECT_EQ(refill(), (std::set{first, second}));
}

/// Whatever happens, in whatever order: of each resource the first one alone may start, and it may.
TEST_F(OrderTableTest, the_first_one_is_never_parked) {
    SeededRandom random(17);
    std::map<std::uint64_t, std::vector<DeliveryId>> queues;
    for (int step = 0; step < 300; ++step) {
        const auto number = random.next() % 5;
        const auto resource = resource_number(number);
        auto& queue = queues[number];
        switch (random.next() % 6) {
            case 0:
            case 1:
                queue.push_back(publish(resource));
                break;
            case 2:
                refill();
                break;
            case 3:
                if (queue.empty()) break;
                if (held(resource)) {
                    change([&](Transaction& tx) -> Result<bool> {
                        POSTRIDER_TRY(order_table::skip_held(tx, realm, webhook, resource));
                        return true;
                    });
                } else {
                    end(queue.front(), resource, DeliveryState::delivered);
                }
                queue.erase(queue.begin());
                break;
            case 4:
                if (!queue.empty() && !held(resource))
                    end(queue.front(), resource, DeliveryState::failed);
                break;
            default: {
                // Somebody cancels one in the middle.
                if (queue.size() < 2) break;
                const auto at = 1 + random.next() % (queue.size() - 1);
                end(queue[at], resource, DeliveryState::cancelled);
                queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(at));
            }
        }
        std::set<DeliveryId> wanted;
        for (const auto& [each, deliveries] : queues) {
            if (!deliveries.empty() && !held(resource_number(each)))
                wanted.insert(deliveries.front());
        }
        ASSERT_EQ(refill(), wanted) << "step " << step;
    }
}

}  // namespace
}  // namespace postrider::store
