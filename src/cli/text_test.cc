#include "cli/text.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

const Timestamp now = *parse_rfc3339("2026-11-23T18:12:03Z");

TEST(text, printable_escapes_what_steers) {
    EXPECT_EQ(printable("plain é 日本 😀"), "plain é 日本 😀");
    EXPECT_EQ(printable("a\nb\tc\r\x1b\x7f"), "a\\nb\\tc\\r\\u001b\\u007f");
    EXPECT_EQ(printable("a\xe2\x80\xae"
                        "b"),
              "a\\u202eb");
    EXPECT_EQ(printable("a\xff"), "a\xef\xbf\xbd");
    EXPECT_EQ(printable_lines("a\n\tb\x1b\r"), "a\n\tb\\u001b\\r");
}

TEST(text, truncates_by_columns) {
    EXPECT_EQ(truncated("abc", 3), "abc");
    EXPECT_EQ(truncated("abcd", 3), "ab…");
    EXPECT_EQ(truncated("日本語", 5), "日本…");
    EXPECT_EQ(truncated("日本語", 4), "日…");
    EXPECT_EQ(truncated("abc", 0), "");
}

TEST(text, relative_times) {
    struct Row {
        Duration offset;
        const char* text;
    };
    for (auto [offset, text] : std::initializer_list<Row>{{0s, "just now"},
                                                          {500ms, "now"},
                                                          {-1s, "1s ago"},
                                                          {-59s, "59s ago"},
                                                          {-60s, "1m ago"},
                                                          {90min, "in 1h"},
                                                          {-49h, "2d ago"},
                                                          {-24h * 800, "2y ago"}}) {
        EXPECT_EQ(relative(now + offset, now), text);
    }
    EXPECT_EQ(absolute_and_relative(now - 3min, now), "2026-11-23 18:09:03 UTC (3m ago)");
}

TEST(text, moments_as_typed) {
    EXPECT_EQ(parse_when("2h", now), now - 2h);
    EXPECT_EQ(parse_when("2026-11-23T18:12:03Z", now), now);
    EXPECT_EQ(parse_when("yesterday", now), std::nullopt);
    EXPECT_EQ(parse_when("9999999999d", now), std::nullopt);
}

TEST(text, pretty_json_keeps_digits_and_escapes) {
    EXPECT_EQ(pretty_json(R"({"b":1.10,"a":[1,{}],"c":[],"d":"x\"{,:}\u0000","e":{"f":1e400}})"),
              "{\n  \"b\": 1.10,\n  \"a\": [\n    1,\n    {}\n  ],\n  \"c\": [],\n"
              "  \"d\": \"x\\\"{,:}\\u0000\",\n  \"e\": {\n    \"f\": 1e400\n  }\n}");
    EXPECT_EQ(pretty_json(" [ ] "), "[]");
    EXPECT_EQ(pretty_json("12"), "12");
}

}  // namespace
}  // namespace postrider::cli
