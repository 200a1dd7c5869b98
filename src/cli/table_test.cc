#include "cli/table.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

using Fit = Column::Fit;

Table sample() {
    Table table({{"ID", Fit::whole}, {"NAME", Fit::cut}, {"URL", Fit::cut}});
    table.add({{"1"}, {"orders"}, {"https://example.com/a/rather/long/path"}});
    table.add({{"22"}, {""}, {"https://h/"}});
    return table;
}

TEST(table, aligns_and_leaves_no_space_at_line_ends) {
    EXPECT_EQ(sample().render(0, Colours::off),
              "ID  NAME    URL\n"
              "1   orders  https://example.com/a/rather/long/path\n"
              "22  -       https://h/\n");
}

TEST(table, cuts_the_widest_column_that_may_be) {
    EXPECT_EQ(sample().render(30, Colours::off),
              "ID  NAME    URL\n"
              "1   orders  https://example.c…\n"
              "22  -       https://h/\n");
}

TEST(table, never_cuts_ids_nor_below_what_says_something) {
    Table table({{"ID", Fit::whole}, {"TEXT", Fit::cut}});
    table.add({{"0123456789"}, {"abcdefghijklmnop"}});
    EXPECT_EQ(table.render(5, Colours::off), "ID          TEXT\n0123456789  abcdefg…\n");
}

TEST(table, equal_columns_share_the_loss) {
    Table table({{"A", Fit::cut}, {"B", Fit::cut}});
    table.add({{std::string(20, 'a')}, {std::string(20, 'b')}});
    EXPECT_EQ(table.render(32, Colours::off),
              "A                B\n" + std::string(14, 'a') + "…  " + std::string(14, 'b') + "…\n");
}

TEST(table, counts_columns_and_not_bytes) {
    Table table({{"NAME", Fit::cut}, {"X", Fit::whole}});
    table.add({{"日本"}, {"1"}});
    table.add({{"é"}, {"2"}});
    EXPECT_EQ(table.render(0, Colours::off), "NAME  X\n日本  1\né     2\n");
}

TEST(table, hostile_text_cannot_steer_the_terminal) {
    Table table({{"NAME", Fit::whole}});
    table.add({{"a\x1b[2J\nb\xc2\x9b"}});
    EXPECT_EQ(table.render(0, Colours::off), "NAME\na\\u001b[2J\\nb\\u009b\n");
}

TEST(table, colours_do_not_count) {
    Table table({{"STATE", Fit::whole}, {"X", Fit::whole}});
    table.add({{"failed", Style::bad}, {"1"}});
    EXPECT_EQ(table.render(0, Colours::on),
              "\x1b[1mSTATE\x1b[0m   \x1b[1mX\x1b[0m\n\x1b[31mfailed\x1b[0m  1\n");
}

TEST(card, indents_further_lines) {
    Card card;
    card.add("Id", "1");
    card.add("Data", "{\n  \"a\": 1\n}");
    card.add("Name", "");
    EXPECT_EQ(card.render(Colours::off), "Id    1\nData  {\n        \"a\": 1\n      }\nName  -\n");
}

}  // namespace
}  // namespace postrider::cli
