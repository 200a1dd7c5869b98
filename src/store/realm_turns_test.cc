#include "store/realm_turns.h"

#include <gtest/gtest.h>

#include <string>

namespace postrider::store {
namespace {

Uuid uuid(std::uint8_t n) {
    Uuid id;
    id.bytes[15] = n;
    return id;
}
RealmId realm(std::uint8_t n) { return RealmId{uuid(n)}; }

class RealmTurnsTest : public testing::Test {
 protected:
    void push(const Turn& turn, std::string name, std::size_t bytes = 0) {
        queue.push({turn, bytes, std::move(name)});
    }
    /// Each work costs a hundred more.
    std::string run() {
        std::string order;
        while (auto entry = queue.pop()) {
            order += entry->work + " ";
            queue.charge(entry->turn, 100);
        }
        return order;
    }
    RealmTurns<std::string> queue{8, 100};
};

TEST_F(RealmTurnsTest, realms_take_turns_and_their_callers) {
    for (const char* name : {"a", "b", "c"}) push(Turn::of(realm(1), uuid(1)), name);
    push(Turn::of(realm(1), uuid(2)), "x");
    push(Turn::of(realm(2)), "y");
    EXPECT_EQ(run(), "a y x b c ");
    EXPECT_TRUE(queue.empty());
}

TEST_F(RealmTurnsTest, who_is_held_back_is_passed_over_and_keeps_its_place) {
    for (const char* name : {"a", "b"}) push(Turn::of(realm(1)), name);
    push(Turn::of(realm(2)), "c");
    queue.hold_back(realm(1));
    push(Turn::of(realm(1)), "d");
    EXPECT_EQ(run(), "c ");
    EXPECT_EQ(queue.size(), 3U);
    EXPECT_FALSE(queue.empty());
    EXPECT_EQ(queue.pop_of(realm(1))->work, "a");
    queue.let_go(realm(1));
    EXPECT_EQ(run(), "b d ");
    queue.hold_back(realm(1));
    push(Turn::of(realm(1)), "e");
    push(Turn::of(realm(2)), "f");
    EXPECT_EQ(queue.take_all().size(), 2U);
    EXPECT_TRUE(queue.empty());
}

TEST_F(RealmTurnsTest, the_last_work_of_a_realm_may_go_while_it_is_held_back) {
    push(Turn::of(realm(1)), "a");
    queue.hold_back(realm(1));
    EXPECT_EQ(queue.pop_of(realm(1))->work, "a");
    EXPECT_FALSE(queue.pop_of(realm(1)));
    push(Turn::of(realm(1)), "b");
    EXPECT_FALSE(queue.pop());
    queue.let_go(realm(1));
    EXPECT_EQ(run(), "b ");
}

TEST_F(RealmTurnsTest, a_realm_has_no_more_than_what_is_left) {
    for (int i = 0; i < 4; ++i) push(Turn::of(realm(1)), "a");
    EXPECT_EQ(queue.room_for(realm(1)), Room::realm_has_its_share);
    EXPECT_EQ(queue.room_for(realm(2)), Room::enough);
    push(Turn::of(realm(2)), "b", 100);
    EXPECT_EQ(queue.room_for(realm(3)), Room::full);
    EXPECT_EQ(queue.pop_of(realm(2))->work, "b");
    EXPECT_EQ(queue.room_for(realm(2)), Room::enough);
}

TEST_F(RealmTurnsTest, what_is_put_back_is_its_callers_next) {
    for (const char* name : {"a", "b"}) push(Turn::of(realm(1)), name);
    auto first = queue.pop();
    queue.put_back(std::move(*first));
    EXPECT_EQ(run(), "a b ");
}

}  // namespace
}  // namespace postrider::store
