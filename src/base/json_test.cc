#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace postrider::json {
namespace {

TEST(Json, ParsesEveryKindOfValue) {
    auto value =
        parse(R"({"n":null,"t":true,"f":false,"i":-12,"d":1.5,"s":"a\nb","a":[1,[]],"o":{}})");
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(*value, Value(Object{{"n", nullptr},
                                   {"t", true},
                                   {"f", false},
                                   {"i", -12},
                                   {"d", 1.5},
                                   {"s", "a\nb"},
                                   {"a", Array{1, Array{}}},
                                   {"o", Object{}}}));
    EXPECT_EQ(*value->find("i")->as_int(), -12);
    EXPECT_EQ(value->find("missing"), nullptr);
    EXPECT_EQ(Value(1).find("x"), nullptr);
}

TEST(Json, NumbersAreIntegersWhenTheyFit) {
    EXPECT_EQ(*parse("9223372036854775807")->as_int(), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(*parse("-9223372036854775808")->as_int(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(*parse("9223372036854775808")->as_double(), 9223372036854775808.0);
    EXPECT_EQ(*parse("1.0")->as_double(), 1.0);
    EXPECT_EQ(*parse("1e2")->as_double(), 100.0);
    EXPECT_EQ(*parse("0.1")->as_double(), 0.1);
    EXPECT_EQ(*parse("1e-400")->as_double(), 0.0);
    EXPECT_EQ(*parse("0." + std::string(400, '0') + "1")->as_double(), 0.0);
    EXPECT_EQ(*parse("0e999999999999")->as_double(), 0.0);
    EXPECT_FALSE(parse("1e400"));
    EXPECT_FALSE(parse("-1e400"));
    EXPECT_FALSE(parse(std::string(400, '9')));
}

TEST(Json, NamesLineAndColumn) {
    auto value = parse("{\n  \"a\": 1,\n  \"b\": oops\n}");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().message, "not valid JSON at line 3, column 8: a value is expected");
    EXPECT_STREQ(value.error().problem, "malformed-json");
    EXPECT_EQ(parse("{\"a\":1,\"a\":2}").error().message,
              "not valid JSON at line 1, column 8: two members have the same name");
}

TEST(Json, RefusesWhatItCannotHold) {
    EXPECT_FALSE(parse(R"("\ud800")"));
    EXPECT_FALSE(parse(R"({"\udc00":1})"));
    EXPECT_FALSE(parse("[[[]]]", 2));
    EXPECT_TRUE(parse("[[[]]]", 3));
}

TEST(Json, SerializesAndReadsBackTheSame) {
    const Value value(Object{{"name", "q\"\\\x01/é😀"},
                             {"numbers", Array{0, -1, 1.0, 0.1, 1e300, -2.5e-7}},
                             {"empty", Object{{"a", Array{}}, {"o", Object{}}}},
                             {"none", nullptr},
                             {"yes", true}});
    EXPECT_EQ(serialize(value),
              R"({"name":"q\"\\\u0001/é😀","numbers":[0,-1,1.0,0.1,1e+300,-2.5e-07],)"
              R"("empty":{"a":[],"o":{}},"none":null,"yes":true})");
    EXPECT_EQ(*parse(serialize(value)), value);
    EXPECT_EQ(*parse(serialize_pretty(value)), value);
    EXPECT_EQ(serialize_pretty(Value(Object{{"a", Array{1, 2}}, {"b", Object{}}})),
              "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
    EXPECT_EQ(serialize(Value(std::numeric_limits<double>::infinity())), "null");
}

TEST(Json, StringsThatAreNotUtf8GetReplacementCharacters) {
    std::string out;
    append_string(out, "a\xff\xc3(\xe2\x82");
    EXPECT_EQ(out, "\"a\uFFFD\uFFFD(\uFFFD\uFFFD\"");
    EXPECT_TRUE(parse(out));
}

TEST(Json, WriterPutsTheCommas) {
    std::string out;
    Writer w(out);
    w.begin_object();
    w.member("s", "x\"y");
    w.member("i", 7);
    w.member("b", false);
    w.member_null("z");
    w.member_raw("r", "[1]");
    w.key("a");
    w.begin_array();
    w.begin_object();
    w.end_object();
    w.number(std::numeric_limits<std::int64_t>::min());
    w.begin_array();
    w.end_array();
    w.string("t");
    w.boolean(true);
    w.null();
    w.raw("{}");
    w.end_array();
    w.member("last", std::string("e"));
    w.end_object();
    EXPECT_EQ(out, R"({"s":"x\"y","i":7,"b":false,"z":null,"r":[1],)"
                   R"("a":[{},-9223372036854775808,[],"t",true,null,{}],"last":"e"})");
}

TEST(Json, TypeNamesReadInASentence) {
    EXPECT_EQ(Value(Object{}).type_name(), "an object");
    EXPECT_EQ(Value(Array{}).type_name(), "an array");
    EXPECT_EQ(Value("x").type_name(), "a string");
    EXPECT_EQ(Value(1).type_name(), "a number");
    EXPECT_EQ(Value(1.5).type_name(), "a number");
    EXPECT_EQ(Value(true).type_name(), "a boolean");
    EXPECT_EQ(Value().type_name(), "null");
}

}  // namespace
}  // namespace postrider::json
