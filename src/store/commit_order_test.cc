#include "store/commit_order.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace postrider::store {
namespace {

TEST(commit_order, a_snapshot_sees_what_lies_below_the_oldest_open_transaction) {
    CommitOrder order;
    EXPECT_EQ(order.seen(), 0u);
    const auto first = order.begin();
    const auto second = order.begin();
    EXPECT_EQ(order.last(), second);
    EXPECT_EQ(order.seen(), first - 1);
    order.end(second);
    EXPECT_EQ(order.seen(), first - 1);
    order.end(first);
    EXPECT_EQ(order.seen(), second);
}

TEST(commit_order, turns_come_in_the_order_of_places) {
    CommitOrder order;
    std::vector<CommitOrder::Place> places;
    for (int i = 0; i < 8; ++i) places.push_back(order.line_up());
    std::vector<CommitOrder::Place> seen;
    std::vector<std::thread> threads;
    for (auto place = places.rbegin(); place != places.rend(); ++place) {
        threads.emplace_back([&order, &seen, place = *place] {
            order.wait_turn(place);
            seen.push_back(place);
            order.leave();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(seen, places);
}

}  // namespace
}  // namespace postrider::store
