#include "base/nearest.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(nearest, counts_changed_and_swapped_letters) {
    EXPECT_EQ(letters_apart("list", "list"), 0u);
    EXPECT_EQ(letters_apart("lsit", "list"), 1u);
    EXPECT_EQ(letters_apart("--nme", "--name"), 1u);
    EXPECT_EQ(letters_apart("", "abc"), 3u);
    EXPECT_EQ(letters_apart("remove", "recover"), 2u);
}

TEST(nearest, gives_none_when_nothing_is_like_it) {
    constexpr std::string_view verbs[] = {"recover", "list", "test"};
    EXPECT_EQ(nearest(verbs, "lsit"), "list");
    EXPECT_EQ(nearest(verbs, "remove"), "");
    EXPECT_EQ(nearest(verbs, std::string(100'000, 'x')), "");
}

TEST(nearest, members_have_the_names_that_others_give_them) {
    constexpr std::string_view known[] = {"name", "url", "events"};
    EXPECT_EQ(unknown_member("endpoint", known),
              "is unknown; do you mean url? Known are name, url, events");
    EXPECT_EQ(unknown_member("event", known),
              "is unknown; do you mean events? Known are name, url, events");
    EXPECT_EQ(unknown_member("colour", known), "is unknown; known are name, url, events");
    EXPECT_EQ(unknown_member("x", {}), "is unknown: the object has no members here");
}

}  // namespace
}  // namespace postrider
