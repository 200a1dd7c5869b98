#include "store/closure_lanes.h"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

RealmId realm(std::uint8_t n) {
    RealmId id;
    id.uuid.bytes[15] = n;
    return id;
}

/// It begins, and after that time ends.
void run(ClosureLanes& lanes, const RealmId& who, Duration took, bool ran_again = false) {
    lanes.begins(who);
    lanes.ends(who, took, ran_again);
}

constexpr auto short_time = limits::postgresql_long_closure / 10;
constexpr auto long_time = limits::postgresql_long_closure * 4;

TEST(ClosureLanes, a_realm_never_has_all_connections) {
    ClosureLanes lanes;
    for (std::size_t i = 0; i < limits::postgresql_closures_of_realm_max; ++i) {
        EXPECT_TRUE(lanes.may_begin(realm(1)));
        lanes.begins(realm(1));
    }
    EXPECT_FALSE(lanes.may_begin(realm(1)));
    EXPECT_TRUE(lanes.may_begin(realm(2)));
    lanes.ends(realm(1), short_time, false);
    EXPECT_TRUE(lanes.may_begin(realm(1)));
}

TEST(ClosureLanes, who_takes_long_has_one_and_all_of_them_leave_some_free) {
    ClosureLanes lanes;
    for (std::uint8_t n = 1; n <= 4; ++n) run(lanes, realm(n), long_time);
    std::size_t begun = 0;
    for (std::uint8_t n = 1; n <= 4; ++n) {
        if (!lanes.may_begin(realm(n))) continue;
        lanes.begins(realm(n));
        EXPECT_FALSE(lanes.may_begin(realm(n)));
        ++begun;
    }
    EXPECT_EQ(begun, limits::postgresql_long_closures_max);
    EXPECT_TRUE(lanes.may_begin(realm(9)));
    lanes.ends(realm(1), long_time, false);
    EXPECT_TRUE(lanes.may_begin(realm(3)));
}

TEST(ClosureLanes, a_realm_whose_closures_become_long_while_several_run_counts_all_of_them) {
    ClosureLanes lanes;
    for (int i = 0; i < 3; ++i) lanes.begins(realm(1));
    lanes.ends(realm(1), long_time, false);
    run(lanes, realm(2), long_time);
    EXPECT_FALSE(lanes.may_begin(realm(1)));
    // Two long ones of realm 1 still run.
    EXPECT_FALSE(lanes.may_begin(realm(2)));
    lanes.ends(realm(1), long_time, false);
    EXPECT_TRUE(lanes.may_begin(realm(2)));
    EXPECT_FALSE(lanes.may_begin(realm(1)));
    lanes.ends(realm(1), long_time, false);
    EXPECT_TRUE(lanes.may_begin(realm(1)));
}

TEST(ClosureLanes, who_ran_into_another_has_one_at_a_time_for_a_while) {
    ClosureLanes lanes;
    run(lanes, realm(1), short_time, true);
    std::size_t one_at_a_time = 0;
    for (; one_at_a_time <= limits::postgresql_closures_after_conflict; ++one_at_a_time) {
        lanes.begins(realm(1));
        const bool may_another = lanes.may_begin(realm(1));
        lanes.ends(realm(1), short_time, false);
        if (may_another) break;
    }
    EXPECT_EQ(one_at_a_time, limits::postgresql_closures_after_conflict);
}

TEST(ClosureLanes, a_few_short_ones_make_it_short_again) {
    ClosureLanes lanes;
    run(lanes, realm(1), long_time);
    lanes.begins(realm(1));
    EXPECT_FALSE(lanes.may_begin(realm(1)));
    lanes.ends(realm(1), Duration{0}, false);
    for (int i = 0; i < 3; ++i) run(lanes, realm(1), Duration{0});
    lanes.begins(realm(1));
    EXPECT_TRUE(lanes.may_begin(realm(1)));
}

}  // namespace
}  // namespace postrider::store
