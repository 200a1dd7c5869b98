#include "directory/realm_index.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace postrider::directory {
namespace {

/// Nodes read what others changed in an order of their own.
TEST(RealmIndex, ARealmOfTheSameNameOutlivesTheOneBefore) {
    SeededRandom random(7);
    UuidMinter minter(random);
    const RealmId before{minter.mint(from_micros(1))};
    const RealmId after{minter.mint(from_micros(1))};
    RealmIndex index;
    index.put({before, "acme"});
    index.put({after, "acme"});
    index.remove(before);
    ASSERT_TRUE(index.find("acme"));
    EXPECT_EQ(index.find("acme")->id, after);
    EXPECT_FALSE(index.find(before.to_string()));
    index.remove(after);
    EXPECT_FALSE(index.find("acme"));
}

}  // namespace
}  // namespace postrider::directory
