#include "base/json_outline.h"

#include <gtest/gtest.h>

namespace postrider::json {
namespace {

TEST(JsonOutline, HasTheOutermostMembersOneByOne) {
    const auto outline = Outline::of(R"( { "a" : [1, 2], "b\u0041": {"c": {}} , "a": 3 } )", 8);
    ASSERT_TRUE(outline);
    EXPECT_EQ(outline->kind(), Outline::Kind::object);
    ASSERT_EQ(outline->size(), 3u);
    EXPECT_EQ(outline->name(0), "a");
    EXPECT_EQ(outline->value(0), "[1,2]");
    EXPECT_EQ(outline->name(1), "bA");
    EXPECT_EQ(outline->value(2), "3");
}

TEST(JsonOutline, HasTheElementsOfAnArrayAndNothingOfAnythingElse) {
    const auto array = Outline::of(R"([{"a":1},2])", 8);
    ASSERT_TRUE(array);
    EXPECT_EQ(array->kind(), Outline::Kind::array);
    EXPECT_EQ(array->value(0), R"({"a":1})");
    EXPECT_EQ(Outline::of("7", 8)->kind(), Outline::Kind::other);
    const auto bad = Outline::of("{\n \"a\": [}", 8);
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("line 2"), std::string::npos);
}

TEST(JsonOutline, TheLastMemberOfANameCounts) {
    std::vector<std::string> twice;
    const auto value =
        parse_last_counts(R"({"a":1,"b":{"c":1,"c":2,"c":3},"a":4,"d":[{"e":1,"e":2}]})", 8, twice);
    ASSERT_TRUE(value);
    EXPECT_EQ(serialize(*value), R"({"a":4,"b":{"c":3},"d":[{"e":2}]})");
    EXPECT_EQ(twice, (std::vector<std::string>{"c", "e", "a"}));
    EXPECT_FALSE(parse(R"({"a":1,"a":2})"));
}

}  // namespace
}  // namespace postrider::json
