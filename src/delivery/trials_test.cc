#include "delivery/trials.h"

#include <gtest/gtest.h>

namespace postrider::delivery {
namespace {

using Turn = Trials::Turn;

Held held(std::uint8_t number) {
    Held made;
    made.row.id = DeliveryId{Uuid{{number}}};
    return made;
}

TEST(Trials, one_suspect_at_a_time_and_with_nothing_else_in_flight) {
    Trials trials;
    const Monotonic start{};
    EXPECT_EQ(trials.turn(5, start), Turn::others);
    for (const std::uint8_t number : {1, 2}) {
        trials.suspect(held(number).row.id);
        trials.wait(held(number));
    }
    EXPECT_TRUE(trials.is_suspect(held(1).row.id));
    EXPECT_EQ(trials.turn(5, start), Turn::none);  // what is in flight ends first
    EXPECT_EQ(trials.turn(0, start + 2s), Turn::suspect);
    EXPECT_EQ(trials.begin().row.id, held(1).row.id);
    EXPECT_TRUE(trials.is_under_way(held(1).row.id));
    EXPECT_EQ(trials.turn(1, start + 2s), Turn::none);
    EXPECT_EQ(trials.turn(0, start + 2s), Turn::none);
    EXPECT_EQ(trials.next_wake(), std::nullopt);
    trials.end(start + 5s);
    EXPECT_FALSE(trials.is_suspect(held(1).row.id));

    // The others waited for 5 s, and have 5 s.
    EXPECT_EQ(trials.turn(0, start + 5s), Turn::others);
    EXPECT_EQ(trials.next_wake(), start + 10s);
    EXPECT_EQ(trials.turn(3, start + 9s), Turn::others);
    EXPECT_EQ(trials.turn(3, start + 10s), Turn::none);
    EXPECT_EQ(trials.turn(0, start + 11s), Turn::suspect);
    EXPECT_EQ(trials.begin().row.id, held(2).row.id);
    trials.end(start + 12s);
    EXPECT_EQ(trials.turn(9, start + 12s), Turn::others);
    EXPECT_EQ(trials.next_wake(), std::nullopt);
}

}  // namespace
}  // namespace postrider::delivery
