#include "base/shares.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

using Answer = Shares::Answer;

TEST(Shares, a_holder_has_no_more_than_is_left) {
    auto shares = std::make_shared<Shares>(100);
    Shares::Hold a(shares, {"a"}), b(shares, {"b"});
    EXPECT_EQ(a.take(50), Answer::taken);
    EXPECT_EQ(a.take(1), Answer::over_share);
    EXPECT_EQ(b.take(25), Answer::taken);
    EXPECT_EQ(b.take(1), Answer::over_share);
    EXPECT_EQ(shares->used(), 75U);
    EXPECT_EQ(shares->held_by("a"), 50U);
}

TEST(Shares, who_holds_nothing_gets_something_while_there_is_room) {
    auto shares = std::make_shared<Shares>(100);
    Shares::Hold a(shares, {"a"}), b(shares, {"b"}), c(shares, {"c"});
    EXPECT_EQ(a.take(50), Answer::taken);
    EXPECT_EQ(b.take(40), Answer::taken);
    EXPECT_EQ(c.take(11), Answer::full);
    EXPECT_EQ(c.take(10), Answer::taken);
}

TEST(Shares, every_holder_of_a_take_has_its_share) {
    auto shares = std::make_shared<Shares>(100);
    Shares::Hold first(shares, {"address 1", "realm"}), second(shares, {"address 2", "realm"});
    EXPECT_EQ(first.take(40), Answer::taken);
    EXPECT_EQ(second.take(20), Answer::over_share) << "the realm would have 60 of 100";
    EXPECT_EQ(second.take(10), Answer::taken);
    first.reset();
    EXPECT_EQ(shares->held_by("realm"), 10U);
    EXPECT_EQ(shares->held_by("address 1"), 0U);
}

TEST(Shares, a_part_of_a_share_can_be_kept_for_others) {
    auto shares = std::make_shared<Shares>(100);
    Shares::Hold large(shares, {"a"}), small(shares, {"a"});
    EXPECT_EQ(large.take(40), Answer::taken);
    EXPECT_EQ(large.take(5, 75), Answer::over_share);
    EXPECT_EQ(small.take(5), Answer::taken);
}

TEST(Shares, what_is_given_back_is_told) {
    auto shares = std::make_shared<Shares>(100);
    int told = 0;
    shares->on_room([&] { ++told; });
    Shares::Hold hold(shares, {"a"});
    EXPECT_EQ(hold.take(30), Answer::taken);
    hold.take_anyway(500);
    EXPECT_EQ(shares->used(), 530U);
    EXPECT_EQ(told, 0);
    hold.shrink_to(10);
    EXPECT_EQ(told, 1);
    Shares::Hold moved = std::move(hold);
    EXPECT_EQ(moved.amount(), 10U);
    moved = Shares::Hold();
    EXPECT_EQ(shares->used(), 0U);
}

}  // namespace
}  // namespace postrider
