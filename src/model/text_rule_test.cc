#include "model/text_rule.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(text_rule, control_characters_are_refused_and_lines_only_where_they_are_allowed) {
    struct Row {
        std::string_view text;
        bool in_a_name;
        bool in_lines;
    };
    using namespace std::string_view_literals;
    for (const Row& row :
         {Row{"Söhne & Co", true, true}, Row{"", true, true}, Row{"two\nlines", false, true},
          Row{"a\ttab", false, true}, Row{"red \x1b[31m", false, false},
          Row{"nul \0 in it"sv, false, false}, Row{"delete \x7f", false, false}}) {
        EXPECT_EQ(!check_text(row.text, {.characters_max = 20}), row.in_a_name) << row.text;
        EXPECT_EQ(!check_text(row.text, {.characters_max = 20, .may_have_lines = true}),
                  row.in_lines)
            << row.text;
    }
}

TEST(text_rule, characters_are_counted_and_not_bytes) {
    EXPECT_FALSE(check_text("ééé", {.characters_max = 3}));
    EXPECT_EQ(check_text("éééé", {.characters_max = 3}), "has 4 characters; at most 3 are allowed");
}

}  // namespace
}  // namespace postrider
