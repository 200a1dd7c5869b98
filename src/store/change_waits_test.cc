#include "store/change_waits.h"

#include <gtest/gtest.h>

#include <array>

#include "base/manual_clock_test.h"
#include "base/random.h"
#include "model/limits.h"

namespace postrider::store {
namespace {

class ChangeWaitsTest : public testing::Test {
 protected:
    ChangeWaitsTest() { waits.open(); }
    std::uint64_t commit() {
        const auto number = waits.begin(what);
        waits.committed(number, [this] { ++told; });
        return number;
    }
    void acknowledge(std::size_t node, std::uint64_t number) {
        waits.acknowledged(nodes[node], std::array{number});
    }

    SeededRandom random{7};
    UuidMinter minter{random};
    const std::array<Uuid, 2> nodes{minter.mint(from_micros(1)), minter.mint(from_micros(1))};
    const std::vector<Announcement> what{{Subject::webhook, RealmId{}, nodes[0]}};
    ManualClock clock;
    ChangeWaits waits{clock};
    int told = 0;
};

TEST_F(ChangeWaitsTest, EveryNodeAcknowledgesBeforeAnybodyIsTold) {
    const auto number = commit();
    acknowledge(0, number);
    EXPECT_TRUE(waits.end_known(nodes).empty());
    EXPECT_EQ(told, 0);
    acknowledge(1, number);
    (void)waits.end_known(nodes);
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(waits.is_empty());
}

TEST_F(ChangeWaitsTest, ANodeThatIsGoneIsNotWaitedFor) {
    acknowledge(0, commit());
    (void)waits.end_known(std::span(nodes).first(1));
    EXPECT_EQ(told, 1);
}

/// NOTIFY arrives with the commit, before the writer has its answer.
TEST_F(ChangeWaitsTest, AnAcknowledgementMayComeBeforeTheCommitIsKnown) {
    const auto number = waits.begin(what);
    acknowledge(0, number);
    acknowledge(1, number);
    (void)waits.end_known(nodes);
    EXPECT_FALSE(waits.has_committed());
    EXPECT_FALSE(waits.is_empty());
    waits.committed(number, [this] { ++told; });
    EXPECT_EQ(told, 0);
    (void)waits.end_known(nodes);
    EXPECT_EQ(told, 1);
}

TEST_F(ChangeWaitsTest, WhatIsNotAcknowledgedIsSaidAgain) {
    const auto number = commit();
    EXPECT_TRUE(waits.end_known(nodes).empty());
    clock.go_on(limits::change_said_again_after);
    const auto again = waits.end_known(nodes);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].number, number);
    ASSERT_EQ(again[0].what.size(), 1U);
    EXPECT_EQ(again[0].what[0].id, nodes[0]);
    EXPECT_TRUE(waits.end_known(nodes).empty());  // it was just said
}

TEST_F(ChangeWaitsTest, NobodyWaitsForEver) {
    commit();
    clock.go_on(limits::change_wait_max - 1us);
    waits.end_old();
    EXPECT_EQ(told, 0);
    clock.go_on(1us);
    waits.end_old();
    EXPECT_EQ(told, 1);
}

TEST_F(ChangeWaitsTest, WhatWasNotCommittedIsForgotten) {
    waits.forget(waits.begin(what));
    EXPECT_TRUE(waits.is_empty());
}

TEST_F(ChangeWaitsTest, ClosingTellsAllAndNobodyWaitsLater) {
    commit();
    waits.close();
    EXPECT_EQ(told, 1);
    EXPECT_EQ(waits.begin(what), 0U);
}

TEST_F(ChangeWaitsTest, WhatIsCommittedAfterClosingIsToldAtOnce) {
    const auto number = waits.begin(what);
    waits.close();
    waits.committed(number, [this] { ++told; });
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(waits.is_empty());
}

/// Who is told may at once commit something more.
TEST_F(ChangeWaitsTest, ItMayBeUsedByWhoIsTold) {
    waits.committed(waits.begin(what), [this] { commit(); });
    waits.end_known({});
    EXPECT_EQ(told, 0);
    waits.end_known({});
    EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace postrider::store
