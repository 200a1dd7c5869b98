#include "base/turns.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

std::string all_of(Turns<std::string>& turns) {
    std::string order;
    while (auto item = turns.pop()) order += *item;
    return order;
}

TEST(Turns, groups_and_members_have_turns) {
    Turns<std::string> turns;
    for (int i = 0; i < 4; ++i) turns.push("loud", "x", 1, "a");
    turns.push("loud", "y", 1, "b");
    turns.push("quiet", "z", 1, "c");
    EXPECT_EQ(turns.size(), 6U);
    EXPECT_EQ(all_of(turns), "acbaaa");
    EXPECT_EQ(turns.size(), 0U);
}

TEST(Turns, what_costs_more_comes_less_often) {
    Turns<std::string> turns;
    for (int i = 0; i < 3; ++i) turns.push("a", "a", 3, "A");
    for (int i = 0; i < 6; ++i) turns.push("b", "b", 1, "b");
    EXPECT_EQ(all_of(turns), "AbbbAbbbA");
}

TEST(Turns, who_was_away_has_saved_nothing) {
    Turns<std::string> turns;
    for (int i = 0; i < 100; ++i) turns.push("a", "a", 1, "a");
    for (int i = 0; i < 50; ++i) turns.pop();
    for (int i = 0; i < 3; ++i) turns.push("b", "b", 1, "b");
    std::string next;
    for (int i = 0; i < 6; ++i) next += *turns.pop();
    EXPECT_EQ(std::ranges::count(next, 'b'), 3);
    EXPECT_NE(next.substr(0, 3), "bbb");
}

TEST(Turns, who_has_most_waiting_gives_way_to_who_has_less) {
    Turns<std::string> turns;
    EXPECT_EQ(turns.push_out("new", "z"), std::nullopt);
    turns.push("loud", "x", 1, "a");
    turns.push("loud", "x", 1, "b");
    turns.push("loud", "y", 1, "c");
    turns.push("quiet", "z", 1, "d");
    EXPECT_EQ(turns.push_out("new", "z"), "b") << "the newest of the member who has most";
    EXPECT_EQ(turns.push_out("quiet", "z"), std::nullopt) << "it would have as many";
    EXPECT_EQ(turns.push_out("loud", "y"), std::nullopt);
    turns.push("loud", "y", 1, "e");
    EXPECT_EQ(turns.push_out("loud", "new"), "e") << "in its own group";
    EXPECT_EQ(turns.size(), 3U);
}

TEST(Turns, of_groups_that_have_as_much_the_one_to_blame_gives_way) {
    Turns<std::string> turns;
    turns.push("one", "", 1, "a", 0);
    turns.push("two", "", 1, "b", 5);
    EXPECT_EQ(turns.push_out("new", "", 5), std::nullopt);
    EXPECT_EQ(turns.push_out("new", "", 4), "b");
    EXPECT_EQ(turns.push_out(), "a");
    EXPECT_EQ(turns.push_out(), std::nullopt);
    EXPECT_EQ(turns.size(), 0U);
}

TEST(Turns, the_heaviest_is_taken_out) {
    Turns<int> turns;
    for (const int item : {3, 9, 4}) turns.push(item == 4 ? "one" : "two", "x", 1, item);
    EXPECT_EQ(turns.take_heaviest([](int item) { return item; }), 9);
    EXPECT_EQ(turns.take_heaviest([](int item) { return -item; }), 3);
    EXPECT_EQ(turns.size(), 1U);
    EXPECT_EQ(turns.pop(), 4);
    EXPECT_EQ(turns.take_heaviest([](int item) { return item; }), std::nullopt);
}

}  // namespace
}  // namespace postrider
