#include "store/turns.h"

#include <gtest/gtest.h>

#include <string>

namespace postrider::store {
namespace {

Uuid uuid(char byte) {
    Uuid made;
    made.bytes.fill(static_cast<std::uint8_t>(byte));
    return made;
}
RealmId realm(char byte) { return RealmId{uuid(byte)}; }

class TurnsTest : public testing::Test {
 protected:
    using Queue = TurnQueue<std::string>;

    void push(const Turn& turn, std::string name, std::size_t bytes = 0) {
        queue.push({turn, bytes, std::move(name)});
    }
    /// Runs `count` works; each that begins with a digit costs that many hundred rows.
    std::string run(int count) {
        std::string order;
        for (int i = 0; i < count; ++i) {
            auto entry = queue.pop();
            if (!entry) break;
            order += entry->work + " ";
            if (std::isdigit(entry->work[0])) {
                queue.charge(entry->turn, (entry->work[0] - '0') * 100U);
            }
        }
        return order;
    }

    Queue queue{1000, 1000};
};

TEST_F(TurnsTest, one_caller_is_served_in_its_order) {
    for (const char* name : {"a", "b", "c"}) push(Turn::of(realm(1)), name);
    EXPECT_EQ(run(9), "a b c ");
    EXPECT_TRUE(queue.empty());
}

TEST_F(TurnsTest, a_realm_that_writes_much_waits_for_those_that_write_little) {
    for (int i = 0; i < 3; ++i) push(Turn::of(realm(1)), "9");
    EXPECT_EQ(run(1), "9 ");
    for (int i = 0; i < 5; ++i) push(Turn::of(realm(2)), "s");
    push(Turn::of(realm(3)), "t");
    // All small ones come before the second large one.
    EXPECT_EQ(run(8), "s t s s s s 9 9 ");
}

TEST_F(TurnsTest, two_realms_get_as_many_rows_each) {
    for (int i = 0; i < 40; ++i) push(Turn::of(realm(1)), "4");
    for (int i = 0; i < 40; ++i) push(Turn::of(realm(2)), "1");
    const std::string order = run(25);
    const auto large = std::ranges::count(order, '4');
    const auto small = std::ranges::count(order, '1');
    EXPECT_NEAR(static_cast<double>(large * 401), static_cast<double>(small * 101), 401.0) << order;
}

TEST_F(TurnsTest, within_a_realm_the_callers_take_turns) {
    for (int i = 0; i < 4; ++i) push(Turn::of(realm(1), uuid(1)), "a");
    for (int i = 0; i < 2; ++i) push(Turn::of(realm(1), uuid(2)), "b");
    EXPECT_EQ(run(9), "a b a b a a ");
}

TEST_F(TurnsTest, who_rested_has_saved_nothing_up) {
    push(Turn::of(realm(1)), "9");
    push(Turn::of(realm(2)), "9");
    push(Turn::of(realm(2)), "9");
    EXPECT_EQ(run(2), "9 9 ");
    for (int i = 0; i < 3; ++i) push(Turn::of(realm(3)), "n");
    push(Turn::of(realm(1)), "x");
    const std::string order = run(9);
    EXPECT_NE(order.find("x"), std::string::npos);
    // The newcomer begins where the one that was served last stood: it is ahead, but not for ever.
    EXPECT_TRUE(order.starts_with("n ")) << order;
}

TEST_F(TurnsTest, who_has_had_much_is_remembered_while_it_has_nothing_to_do) {
    push(Turn::of(realm(1)), "9");
    for (int i = 0; i < 5; ++i) push(Turn::of(realm(2)), "s");
    EXPECT_EQ(run(1), "9 ");
    push(Turn::of(realm(1)), "9");
    EXPECT_EQ(run(9), "s s s s s 9 ");
}

TEST_F(TurnsTest, what_is_put_back_is_its_callers_next) {
    push(Turn::of(realm(1)), "a");
    push(Turn::of(realm(1)), "b");
    auto first = queue.pop();
    queue.put_back(std::move(*first));
    EXPECT_EQ(run(9), "a b ");
}

TEST_F(TurnsTest, a_realm_gets_half_of_the_room_and_there_is_always_room_for_another) {
    Queue bounded(100, 1000);
    std::size_t taken = 0;
    const auto fill = [&](char byte) {
        std::size_t count = 0;
        while (bounded.room_for(realm(byte)) == Room::enough) {
            bounded.push({Turn::of(realm(byte)), 0, "w"});
            count += 1;
        }
        EXPECT_EQ(bounded.room_for(realm(byte)), Room::realm_has_its_share);
        taken += count;
        return count;
    };
    EXPECT_EQ(fill(1), 50U);
    EXPECT_EQ(fill(2), 25U);
    EXPECT_EQ(fill(3), 13U);
    EXPECT_EQ(bounded.room_for(realm(4)), Room::enough);
    EXPECT_EQ(bounded.size(), taken);
}

TEST_F(TurnsTest, bytes_have_a_bound_as_well) {
    push(Turn::of(realm(1)), "a", 600);
    EXPECT_EQ(queue.room_for(realm(1)), Room::realm_has_its_share);
    EXPECT_EQ(queue.room_for(realm(2)), Room::enough);
    push(Turn::of(realm(2)), "b", 500);
    EXPECT_EQ(queue.room_for(realm(3)), Room::full);
    EXPECT_EQ(run(2), "a b ");
    EXPECT_EQ(queue.room_for(realm(1)), Room::enough);
}

TEST_F(TurnsTest, some_are_taken_out_and_the_rest_keeps_its_order) {
    for (const char* name : {"a", "x", "b", "x"}) push(Turn::of(realm(1)), name);
    const auto out = queue.take_out([](const Queue::Entry& entry) { return entry.work == "x"; });
    EXPECT_EQ(out.size(), 2U);
    EXPECT_EQ(run(9), "a b ");
}

}  // namespace
}  // namespace postrider::store
