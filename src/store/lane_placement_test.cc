#include "store/lane_placement.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/random.h"

namespace postrider::store {
namespace {

std::vector<Uuid> make_ids(std::size_t count) {
    SeededRandom random(7);
    UuidMinter minter(random);
    std::vector<Uuid> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(minter.mint(from_micros(1)));
    return ids;
}

TEST(LanePlacement, HasNoneWithoutNodes) {
    EXPECT_FALSE(preferred_node(make_ids(1)[0], {}).has_value());
}

TEST(LanePlacement, SharesLanesOutEvenly) {
    const auto nodes = make_ids(4);
    std::map<Uuid, int> shares;
    for (const auto& lane : make_ids(4000)) ++shares[*preferred_node(lane, nodes)];
    ASSERT_EQ(shares.size(), 4U);
    for (const auto& [node, count] : shares) {
        EXPECT_GT(count, 850);
        EXPECT_LT(count, 1150);
    }
}

TEST(LanePlacement, MovesOnlyTheShareOfTheNodeThatGoes) {
    const auto nodes = make_ids(3);
    const std::vector<Uuid> left(nodes.begin(), nodes.begin() + 2);
    for (const auto& lane : make_ids(1000)) {
        const Uuid before = *preferred_node(lane, nodes);
        const Uuid after = *preferred_node(lane, left);
        if (before != nodes[2]) {
            EXPECT_EQ(before, after);
        }
    }
}

TEST(LanePlacement, DoesNotDependOnTheOrderOfTheNodes) {
    const auto nodes = make_ids(3);
    const std::vector<Uuid> turned(nodes.rbegin(), nodes.rend());
    for (const auto& lane : make_ids(100)) {
        EXPECT_EQ(preferred_node(lane, nodes), preferred_node(lane, turned));
    }
}

}  // namespace
}  // namespace postrider::store
