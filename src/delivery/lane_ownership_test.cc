#include "delivery/lane_ownership.h"

#include <gtest/gtest.h>

namespace postrider::delivery {
namespace {

const Monotonic now = Monotonic{} + 100s;

store::OwnedLane lane(int number, std::int64_t epoch = 1) {
    store::OwnedLane made;
    made.webhook.uuid.bytes[15] = static_cast<std::uint8_t>(number);
    made.epoch = epoch;
    return made;
}

class LaneOwnershipTest : public testing::Test {
 protected:
    std::vector<store::OwnedLane> released_;
    Ownership cluster_{
        .hold = nullptr,
        .elsewhere = [](const WebhookId&) {},
        .released = [this](const store::OwnedLane& each) { released_.push_back(each); },
        .lost = [] {}};
    std::unique_ptr<LaneOwnership> lanes_ = make_lane_ownership(&cluster_);
};

TEST_F(LaneOwnershipTest, one_node_alone_has_every_lane) {
    const auto alone = make_lane_ownership(nullptr);
    EXPECT_TRUE(alone->may_attempt(now));
    EXPECT_TRUE(alone->has(lane(1).webhook));
    EXPECT_EQ(alone->epoch(lane(1).webhook), 0);
}

TEST_F(LaneOwnershipTest, nothing_is_attempted_without_a_lease) {
    EXPECT_FALSE(lanes_->may_attempt(now));
    lanes_->lease(now + 1s);
    EXPECT_TRUE(lanes_->may_attempt(now));
    EXPECT_FALSE(lanes_->may_attempt(now + 1s));
}

TEST_F(LaneOwnershipTest, what_is_not_named_is_gone) {
    auto change = lanes_->own({lane(1), lane(2)});
    EXPECT_EQ(change.come.size(), 2u);
    EXPECT_TRUE(change.gone.empty());
    change = lanes_->own({lane(2), lane(3)});
    ASSERT_EQ(change.come.size(), 1u);
    EXPECT_EQ(change.come[0].webhook, lane(3).webhook);
    EXPECT_EQ(change.gone, std::vector{lane(1).webhook});
    EXPECT_FALSE(lanes_->has(lane(1).webhook));
    EXPECT_TRUE(lanes_->has(lane(2).webhook));
}

TEST_F(LaneOwnershipTest, a_lane_in_another_epoch_went_and_came_back) {
    lanes_->own({lane(1, 1)});
    lanes_->began(lane(1).webhook);
    const auto change = lanes_->own({lane(1, 2)});
    EXPECT_EQ(change.gone, std::vector{lane(1).webhook});
    ASSERT_EQ(change.come.size(), 1u);
    EXPECT_EQ(lanes_->epoch(lane(1).webhook), 2);
    lanes_->ended(lane(1).webhook);  // the attempt of the epoch before
    EXPECT_EQ(lanes_->release({lane(1, 2)}).size(), 1u);
    EXPECT_EQ(released_.size(), 1u);
}

TEST_F(LaneOwnershipTest, a_lane_is_released_after_its_last_attempt) {
    lanes_->own({lane(1), lane(2)});
    lanes_->began(lane(1).webhook);
    EXPECT_EQ(lanes_->release({lane(1), lane(2)}).size(), 2u);
    EXPECT_FALSE(lanes_->has(lane(1).webhook));
    ASSERT_EQ(released_.size(), 1u);
    EXPECT_EQ(released_[0].webhook, lane(2).webhook);
    EXPECT_EQ(lanes_->epoch(lane(1).webhook), 1) << "its outcome is still to be recorded";
    lanes_->ended(lane(1).webhook);
    EXPECT_EQ(released_.size(), 2u);
    EXPECT_TRUE(lanes_->release({lane(1, 9)}).empty()) << "another epoch";
}

}  // namespace
}  // namespace postrider::delivery
