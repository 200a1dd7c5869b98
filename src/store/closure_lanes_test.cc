#include "store/closure_lanes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

namespace postrider::store {
namespace {

RealmId realm(std::uint8_t n) {
    RealmId id;
    id.uuid.bytes[15] = n;
    return id;
}

/// It begins, and after that time ends.
void run(ClosureLanes& lanes, const RealmId& who, Duration took) {
    lanes.begins(who);
    lanes.ends(who, took);
}

constexpr auto short_time = limits::postgresql_long_closure / 10;
constexpr auto long_time = limits::postgresql_long_closure * 4;

TEST(ClosureLanes, a_realm_has_one_at_a_time) {
    ClosureLanes lanes;
    EXPECT_TRUE(lanes.may_begin(realm(1)));
    lanes.begins(realm(1));
    EXPECT_FALSE(lanes.may_begin(realm(1)));
    EXPECT_EQ(lanes.who_waits(), std::set{realm(1)});
    EXPECT_TRUE(lanes.may_begin(realm(2)));
    lanes.ends(realm(1), short_time);
    EXPECT_TRUE(lanes.may_begin(realm(1)));
    EXPECT_TRUE(lanes.who_waits().empty());
}

TEST(ClosureLanes, all_that_take_long_leave_some_free) {
    ClosureLanes lanes;
    for (std::uint8_t n = 1; n <= 4; ++n) run(lanes, realm(n), long_time);
    std::size_t begun = 0;
    for (std::uint8_t n = 1; n <= 4; ++n) {
        if (!lanes.may_begin(realm(n))) continue;
        lanes.begins(realm(n));
        ++begun;
    }
    EXPECT_EQ(begun, limits::postgresql_long_closures_max);
    EXPECT_TRUE(lanes.may_begin(realm(9)));
    lanes.ends(realm(1), long_time);
    EXPECT_TRUE(lanes.may_begin(realm(3)));
}

TEST(ClosureLanes, one_that_becomes_long_while_it_runs_is_counted_from_its_next_on) {
    ClosureLanes lanes;
    for (std::uint8_t n = 1; n <= 3; ++n) lanes.begins(realm(n));
    for (std::uint8_t n = 1; n <= 3; ++n) lanes.ends(realm(n), long_time);
    lanes.begins(realm(1));
    EXPECT_TRUE(lanes.may_begin(realm(2)));
    lanes.begins(realm(2));
    EXPECT_FALSE(lanes.may_begin(realm(3)));
}

TEST(ClosureLanes, a_few_short_ones_make_it_short_again) {
    ClosureLanes lanes;
    for (std::uint8_t n = 1; n <= 3; ++n) run(lanes, realm(n), long_time);
    lanes.begins(realm(2));
    lanes.begins(realm(3));
    EXPECT_FALSE(lanes.may_begin(realm(1)));
    lanes.ends(realm(3), long_time);
    for (int i = 0; i < 4; ++i) run(lanes, realm(1), Duration{0});
    lanes.begins(realm(3));
    EXPECT_TRUE(lanes.may_begin(realm(1)));
}

}  // namespace
}  // namespace postrider::store
