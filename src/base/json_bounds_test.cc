#include "base/json_bounds.h"

#include <gtest/gtest.h>

namespace postrider::json {
namespace {

constexpr Bound bounds[] = {{"list", 3}, {"object", 2}};

std::string refusal(std::string_view text) {
    const auto value = parse(text, 64, bounds);
    const auto members = split_object(text, 64, bounds);
    EXPECT_EQ(value.has_value(), members.has_value()) << text;
    if (value) return "";
    return value.error().fields.empty() ? value.error().message
                                        : value.error().fields.front().pointer;
}

TEST(JsonBounds, a_list_ends_the_reading_where_it_is_too_long) {
    EXPECT_EQ(refusal(R"({"list":[1,2,3],"object":{"a":1,"b":2}})"), "");
    EXPECT_EQ(refusal(R"({"list":[1,2,3,4]})"), "#/list");
    EXPECT_EQ(refusal(R"({"list":[1,2,3,this is not even JSON)"), "#/list");
    EXPECT_EQ(refusal(R"({"l\u0069st":[1,2,3,4]})"), "#/list") << "whatever its name looks like";
    EXPECT_EQ(refusal(R"({"object":{"a":1,"b":2,"c":3}})"), "#/object");
}

TEST(JsonBounds, only_the_list_itself_is_bounded) {
    EXPECT_EQ(refusal(R"({"list":[[1,2,3,4],{"a":1,"b":2,"c":3,"d":4}]})"), "");
    EXPECT_EQ(refusal(R"({"other":{"list":[1,2,3,4]}})"), "");
    EXPECT_EQ(refusal(R"({"list":1,"other":[1,2,3,4]})"), "");
}

TEST(JsonBounds, a_tree_has_a_bounded_number_of_values) {
    std::string text = "[1";
    for (std::size_t i = 2; i < tree_values_max; ++i) text += ",1";
    EXPECT_TRUE(parse(text + "]")) << "the list is a value, too";
    const auto many = parse(text + ",1]");
    ASSERT_FALSE(many);
    EXPECT_STREQ(many.error().problem, "malformed-json");
}

}  // namespace
}  // namespace postrider::json
