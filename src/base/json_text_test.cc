#include "base/json_text.h"

#include <gtest/gtest.h>

#include <chrono>

namespace postrider::json {
namespace {

std::string compacted(std::string_view text, std::size_t depth_max = 64) {
    auto result = compact(text, depth_max);
    return result ? *result : "error: " + result.error().message;
}

TEST(JsonText, KeepsEveryByteOfTheContractsExample) {
    // API.md, section 1.
    const std::string text = R"({"b":1.10,"a":12345678901234567890123,"c":1e400,"d":"\u0000"})";
    EXPECT_EQ(compacted(text), text);
}

TEST(JsonText, DropsWhiteSpaceBetweenTokensOnly) {
    EXPECT_EQ(compacted(" \r\n\t{ \"a b\" : [ 1 , \" x \" , { } , [ ] ] , \"c\" : null } \n"),
              R"({"a b":[1," x ",{},[]],"c":null})");
}

TEST(JsonText, AcceptsWhatRfc8259Accepts) {
    for (const char* text :
         {"0", "-0", "-0.0", "1e5", "1E+5", "1.25e-3", "true", "false", "null", "\"\"", "[]", "{}",
          R"("\"\\\/\b\f\n\r\t\u00e9")", R"("\ud83d\ude00")", R"("\ud800")", "\"\x7f\"",
          "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", R"({"":0})", R"([[1],[2]])"}) {
        EXPECT_EQ(compacted(text), text);
    }
}

TEST(JsonText, RefusesEverythingElse) {
    for (const char* text : {"",
                             " ",
                             "nul",
                             "nulls",
                             "True",
                             "+1",
                             "01",
                             "-",
                             "1.",
                             ".5",
                             "1e",
                             "1e+",
                             "0x1",
                             "NaN",
                             "Infinity",
                             "'a'",
                             "\"",
                             "\"\\\"",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\u12g4\"",
                             "\"\t\"",
                             "\"\n\"",
                             "[",
                             "]",
                             "[1",
                             "[1,",
                             "[1,]",
                             "[,1]",
                             "[1 2]",
                             "{",
                             "}",
                             "{\"a\"",
                             "{\"a\":",
                             "{\"a\":1",
                             "{\"a\":1,",
                             "{\"a\":1,}",
                             "{a:1}",
                             "{1:1}",
                             "{\"a\" 1}",
                             "{\"a\":1 \"b\":2}",
                             "1 2",
                             "{} {}",
                             "[1]x",
                             "// c\n1",
                             "\xef\xbb\xbf{}"}) {
        EXPECT_FALSE(compact(text, 64)) << text;
    }
    EXPECT_FALSE(compact(std::string_view("\"a\0b\"", 5), 64));
    EXPECT_FALSE(compact(std::string_view("1\0", 2), 64));
}

TEST(JsonText, RefusesBytesThatAreNotUtf8) {
    for (const char* bytes :
         {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "1234567\xe2\x82", "12345678\xc3("}) {
        EXPECT_FALSE(compact('"' + std::string(bytes) + '"', 64)) << bytes;
        EXPECT_FALSE(compact("{\"" + std::string(bytes) + "\":1}", 64)) << bytes;
    }
}

TEST(JsonText, FindsEverySpecialByteAtEveryOffset) {
    // The scanner looks at eight bytes at a time.
    for (std::size_t before = 0; before < 20; ++before) {
        const std::string plain(before, 'x');
        EXPECT_EQ(compacted('"' + plain + R"(\n")" + " "), '"' + plain + R"(\n")");
        EXPECT_EQ(compacted('"' + plain + "\xc3\xa9!\" "), '"' + plain + "\xc3\xa9!\"");
        EXPECT_EQ(compacted('"' + plain + "\" "), '"' + plain + '"');
        EXPECT_FALSE(compact('"' + plain + '\x1f' + "abcdefgh\"", 64));
        EXPECT_FALSE(compact('"' + plain + "\xff" + "abcdefgh\"", 64));
        EXPECT_FALSE(compact('"' + plain, 64));
    }
}

TEST(JsonText, BoundsTheDepth) {
    EXPECT_EQ(compacted("1", 0), "1");
    EXPECT_EQ(compacted("[{\"a\":[]}]", 3), "[{\"a\":[]}]");
    EXPECT_FALSE(compact("[{\"a\":[]}]", 2));
    const std::string hostile(1'000'000, '[');
    auto result = compact(hostile, 64);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "not valid JSON at byte 64: it is nested too deeply");
}

TEST(JsonText, RefusesTheSameNameTwiceByItsDecodedForm) {
    for (const char* text : {R"({"a":1,"a":2})", R"({"a":1,"\u0061":2})", R"({"\u00e9":1,"é":2})",
                             R"({"x":{"b":1,"c":2,"b":3}})", R"([{"/":1,"\/":2}])",
                             R"({"":1,"":2})", R"({"\ud83d\ude00":1,"😀":2})",
                             R"({"abcdefghi":1,"abcdefghi":2})", R"({"\ud800":1,"\uD800":2})"}) {
        EXPECT_FALSE(compact(text, 64)) << text;
    }
    for (const char* text :
         {R"({"a":1,"A":2})", R"({"a":{"a":1},"b":{"a":2}})", R"({"a":[{"a":1},{"a":2}],"c":"a"})",
          R"({"abcdefghi":1,"abcdefghj":2})", R"({"a":1,"a\u0000":2})",
          R"({"\ud800":1,"\udc00":2})"}) {
        EXPECT_EQ(compacted(text), text);
    }
}

std::string wide_object(std::size_t members, std::string_view prefix) {
    std::string text = "{";
    for (std::size_t i = 0; i < members; ++i) {
        if (i > 0) text += ',';
        text.append("\"").append(prefix).append(std::to_string(i)).append("\":0");
    }
    return text + "}";
}

TEST(JsonText, FindsDuplicatesInWideObjects) {
    for (std::size_t members : {15UL, 16UL, 17UL, 1000UL}) {
        std::string text = wide_object(members, "name_");
        EXPECT_EQ(compacted(text), text);
        text.pop_back();
        const std::string twice = text + R"(,"nam\u0065_7":1})";
        auto result = compact(twice, 64);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().message, "not valid JSON at byte " +
                                              std::to_string(text.size() + 1) +
                                              ": two members have the same name");
    }
}

TEST(JsonText, WideObjectsDoNotTakeQuadraticTime) {
    // Pairwise, 200,000 names are 2·10^10 comparisons: over 10 s. Sorted they are 4·10^6.
    const std::string text = wide_object(200'000, "the_same_long_prefix_");
    auto before = std::chrono::steady_clock::now();
    EXPECT_TRUE(compact(text, 64));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

TEST(JsonText, NamesTheReasonAndThePlace) {
    EXPECT_EQ(compacted("[1, x]"), "error: not valid JSON at byte 4: a value is expected");
    EXPECT_EQ(compacted("{\"a\" 1}"),
              "error: not valid JSON at byte 5: ':' is expected after a member's name");
    auto result = compact("", 64);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_STREQ(result.error().problem, "malformed-json");
}

TEST(JsonText, SplitsAnObject) {
    auto members = split_object(
        R"( { "\u0065vent" : "user.created", "data": { "b" : 1.10, "a":[ ] }, "n" : -0 } )", 64);
    ASSERT_TRUE(members) << members.error().message;
    ASSERT_EQ(members->size(), 3U);
    EXPECT_EQ((*members)[0].name, "event");
    EXPECT_EQ((*members)[0].value, "\"user.created\"");
    EXPECT_EQ((*members)[1].name, "data");
    EXPECT_EQ((*members)[1].value, R"({"b":1.10,"a":[]})");
    EXPECT_EQ((*members)[2].value, "-0");
    EXPECT_TRUE(split_object(" {} ", 64)->empty());
    EXPECT_FALSE(split_object(R"({"\ud800":1})", 64));
    EXPECT_FALSE(split_object(R"({"a":1,"a":1})", 64));
    auto wrong = split_object("[1]", 64);
    ASSERT_FALSE(wrong);
    ASSERT_EQ(wrong.error().fields.size(), 1U);
    EXPECT_EQ(wrong.error().fields[0].pointer, "#");
}

TEST(JsonText, SplitsAnArray) {
    auto elements = split_array(R"([ {"a" : 1}, "x y" , [ 1 , 2 ], 3 ])", 64);
    ASSERT_TRUE(elements);
    EXPECT_EQ(*elements, (std::vector<std::string>{R"({"a":1})", "\"x y\"", "[1,2]", "3"}));
    EXPECT_TRUE(split_array("[ ]", 64)->empty());
    EXPECT_FALSE(split_array("{}", 64));
    EXPECT_FALSE(split_array("[1,]", 64));
}

TEST(JsonText, DecodesStrings) {
    EXPECT_EQ(*decode_string("\"plain\""), "plain");
    EXPECT_EQ(*decode_string(R"("a\u0041\"\\\/\b\f\n\r\t")"), "aA\"\\/\b\f\n\r\t");
    EXPECT_EQ(*decode_string(R"("\u00e9\u20ac\ud83d\ude00")"), "é€😀");
    EXPECT_EQ(*decode_string(R"("\u0000")"), std::string(1, '\0'));
    for (const char* value : {R"("\ud800")", R"("\udc00\ud800")", R"("\ud800\u0041")", "1", "[]",
                              "\"a", "", "\"\\q\""}) {
        EXPECT_FALSE(decode_string(value)) << value;
    }
}

}  // namespace
}  // namespace postrider::json
