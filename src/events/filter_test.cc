#include "events/filter.h"

#include <gtest/gtest.h>

#include "model/event.h"
#include "model/limits.h"

namespace postrider::events {
namespace {

std::string event_with(std::string_view data) {
    return event_body("order.paid", parse_rfc3339("2026-11-23T12:00:00Z").value(), ResourceId{},
                      data);
}

/// What refuses the event: "matches", or the pointer.
std::string held_against(std::string_view filter, std::string_view data) {
    const auto read = Filter::parse(filter);
    if (!read) return "wrong: " + read.error().fields.front().pointer;
    return read->refuses(index_of_event(event_with(data))).value_or("matches");
}

struct Case {
    std::string_view filter, data, says = "matches";
};

void expect(std::initializer_list<Case> cases) {
    for (const auto& [filter, data, says] : cases) {
        EXPECT_EQ(held_against(filter, data), says) << filter << " on " << data;
    }
}

TEST(FilterTest, all_conditions_must_hold) {
    expect({{R"({"event":"order.paid"})", "{}"},
            {R"({"event":"order.shipped"})", "{}", "/event"},
            {R"({"event":"order.paid","data":{"total":1}})", R"({"total":1})"},
            {R"({"event":"order.paid","data":{"total":1}})", R"({"total":2})", "/data/total"},
            {R"({"data":{"a":{"b":{"$gte":3}}}})", R"({"a":{"b":3}})"},
            {R"({"data":{"a":{"b":{"$gte":3}}}})", R"({"a":{"b":2}})", "/data/a/b/$gte"},
            {R"({"data":{"t":{"$gt":1,"$lt":5}}})", R"({"t":5})", "/data/t/$lt"},
            {R"({"timestamp":{"$startsWith":"2026-11"}})", "{}"},
            {R"({"resource_id":"00000000-0000-0000-0000-000000000000"})", "{}"}});
}

TEST(FilterTest, operators) {
    expect({{R"({"data":{"a":{"$eq":{"x":[1,2],"y":null}}}})", R"({"a":{"y":null,"x":[1.0,2e0]}})"},
            {R"({"data":{"a":{"$eq":{"x":1}}}})", R"({"a":{"x":1,"y":2}})", "/data/a/$eq"},
            {R"({"data":{"a":[1,2]}})", R"({"a":[1,2]})"},
            {R"({"data":{"a":[1,2]}})", R"({"a":[2,1]})", "/data/a"},
            {R"({"data":{"a":{"$neq":1}}})", R"({"a":2})"},
            {R"({"data":{"a":{"$neq":1}}})", R"({"a":1})", "/data/a/$neq"},
            {R"({"data":{"a":{"$in":["EUR","USD"]}}})", R"({"a":"USD"})"},
            {R"({"data":{"a":{"$in":["EUR","USD"]}}})", R"({"a":"usd"})", "/data/a/$in"},
            {R"({"data":{"a":{"$nin":["EUR"]}}})", R"({"a":"USD"})"},
            {R"({"data":{"a":{"$nin":["EUR"]}}})", R"({"a":"EUR"})", "/data/a/$nin"},
            {R"({"data":{"a":{"$startsWith":"x\u0041"}}})", R"({"a":"\u0078Ay"})"},
            {R"({"data":{"a":{"$endsWith":"@example.com"}}})", R"({"a":"ada@example.com"})"},
            {R"({"data":{"a":{"$contains":"mid"}}})", R"({"a":"amidst"})"},
            {R"({"data":{"a":{"$contains":{"k":1}}}})", R"({"a":[{"k":1.0}]})"},
            {R"({"data":{"a":{"$contains":"mid"}}})", R"({"a":5})", "/data/a/$contains"},
            {R"({"data":{"a":{"$gt":"abc"}}})", R"({"a":"abd"})"},
            {R"({"data":{"a":{"$gt":"\uFFFF"}}})", R"({"a":"\ud83d\ude00"})"},
            {R"({"data":{"a":{"$gt":1}}})", R"({"a":"2"})", "/data/a/$gt"},
            {R"({"data":{"a":true}})", R"({"a":true})"},
            {R"({"data":{"a":true}})", R"({"a":1})", "/data/a"},
            {R"({"data":{"a\"b":1}})", R"({"a\u0022b":1})"}});
}

TEST(FilterTest, what_is_missing_satisfies_negations_alone) {
    expect({{R"({"data":{"a":{"$exists":true}}})", R"({"a":null})"},
            {R"({"data":{"a":{"$exists":true}}})", "{}", "/data/a/$exists"},
            {R"({"data":{"a":{"$exists":false}}})", "{}"},
            {R"({"data":{"a":{"$exists":false}}})", R"({"a":null})", "/data/a/$exists"},
            {R"({"data":{"a":null}})", "{}", "/data/a"},
            {R"({"data":{"a":{"$neq":1}}})", "{}"},
            {R"({"data":{"a":{"$not":{"$gt":1}}}})", "{}"},
            {R"({"data":{"a":{"b":{"$neq":1}}}})", "{}"},
            {R"({"data":{"a":{"b":{"$neq":1}}}})", R"({"a":5})"},
            {R"({"data":{"a":{"b":{"$gt":1}}}})", R"({"a":5})", "/data/a/b/$gt"}});
}

TEST(FilterTest, of_an_array_one_element_must_satisfy_all) {
    expect({{R"({"data":{"t":"a"}})", R"({"t":["b","a"]})"},
            {R"({"data":{"n":{"$gt":1,"$lt":5}}})", R"({"n":[0,3]})"},
            {R"({"data":{"n":{"$gt":1,"$lt":5}}})", R"({"n":[0,9]})", "/data/n"},
            {R"({"data":{"n":{"$and":[{"$gt":1},{"$lt":5}]}}})", R"({"n":[0,9]})"},
            {R"({"data":{"t":{"$neq":"a"}}})", R"({"t":["b","a"]})", "/data/t/$neq"},
            {R"({"data":{"t":{"$neq":"a"}}})", R"({"t":[]})"},
            {R"({"data":{"i":{"sku":"x","n":{"$gte":2}}}})",
             R"({"i":[{"sku":"x","n":1},{"sku":"y","n":2}]})", "/data/i"},
            {R"({"data":{"i":{"sku":"x","n":{"$gte":2}}}})",
             R"({"i":[{"sku":"x","n":1},{"sku":"x","n":2}]})"},
            {R"({"data":{"i":{"sku":{"$exists":false}}}})", R"({"i":[]})"},
            {R"({"data":{"i":{"sku":{"$neq":"x"}}}})", R"({"i":[{"sku":"x"}]})", "/data/i/sku"}});
}

TEST(FilterTest, logic) {
    constexpr std::string_view either =
        R"({"$or":[{"event":"order.shipped"},{"data":{"urgent":true}}]})";
    expect({{either, R"({"urgent":true})"},
            {either, R"({"urgent":false})", "/$or"},
            {R"({"$not":{"data":{"a":1}}})", R"({"a":2})"},
            {R"({"$not":{"data":{"a":1}}})", R"({"a":1})", "/$not"},
            {R"({"$and":[{"event":"order.paid"},{"data":{"a":{"$gt":1}}}]})", R"({"a":1})",
             "/$and/1/data/a/$gt"},
            {R"({"data":{"a":{"$or":[1,{"$gt":10}]}}})", R"({"a":11})"},
            {R"({"data":{"a":{"$or":[1,{"$gt":10}]}}})", R"({"a":5})", "/data/a/$or"},
            {R"({"data":{"a":{"$not":5}}})", R"({"a":5})", "/data/a/$not"}});
}

TEST(FilterTest, numbers_compare_exactly) {
    const auto compare = [](std::string_view a, std::string_view b) {
        const JsonIndex left{std::string(a)}, right{std::string(b)};
        const int one = compare_numbers(left.root(), right.root());
        const int other = compare_numbers(right.root(), left.root());
        EXPECT_EQ(one < 0, other > 0) << a << " " << b;
        EXPECT_EQ(one == 0, other == 0) << a << " " << b;
        return one < 0 ? -1 : one > 0 ? 1 : 0;
    };
    EXPECT_EQ(compare("1", "1.000"), 0);
    EXPECT_EQ(compare("-0.0", "0"), 0);
    EXPECT_EQ(compare("0e999999999", "0"), 0);
    EXPECT_EQ(compare("10e-1", "1"), 0);
    EXPECT_EQ(compare("0.00120", "12E-4"), 0);
    EXPECT_EQ(compare("9007199254740993", "9007199254740992"), 1);
    EXPECT_EQ(compare("1e999999999", "1e999999998"), 1);
    EXPECT_EQ(compare("-1e999999999", "1e-999999999"), -1);
    EXPECT_EQ(compare("1e-400", "0"), 1);
    EXPECT_EQ(compare("-2", "-10"), 1);
    EXPECT_EQ(compare("0.1", "0.10000000000000000000001"), -1);
    EXPECT_EQ(compare("123", "1.23e+2"), 0);
    EXPECT_EQ(compare("99999999999999999", "99999999999999999.0"), 0);
    EXPECT_EQ(compare("123456789012345678", "0.1234567890123456"), 1);
    EXPECT_EQ(compare("1234567890123456789", "1234567890123456788"), 1);
    EXPECT_EQ(compare("-0.10", "-0.1"), 0);
    EXPECT_EQ(compare("99.99", "100"), -1);
}

TEST(FilterTest, asks_for_values_that_can_be_looked_up) {
    const auto looked_up = [](std::string_view text) {
        std::string found;
        for (const auto& lookup : Filter::parse(text).value().lookups()) {
            if (!found.empty()) found += ", ";
            for (const auto& name : lookup.path) found += "/" + name;
            for (const auto& key : lookup.keys) found += " " + key;
        }
        return found;
    };
    EXPECT_EQ(looked_up(R"({"event":"a.b","data":{"n":{"$gt":1},"c":{"id":"x"}}})"),
              "/data/c/id \"x");
    EXPECT_EQ(looked_up(R"({"data":{"c":{"$in":["x","y",null]}}})"), "/data/c \"x \"y null");
    EXPECT_EQ(looked_up(R"({"data":{"c":{"$in":["x",[1]]},"d":true}})"), "/data/d true");
    EXPECT_EQ(looked_up(R"({"data":{"a":1,"b":"y"}})"), "/data/a +0:1:1, /data/b \"y");
    EXPECT_EQ(looked_up(R"({"data":{"c":{"$nin":["x"]},"d":{"$eq":{"a":1}}}})"), "");
    EXPECT_EQ(looked_up(R"({"$or":[{"data":{"c":1}},{"data":{"d":1}}]})"), "");
}

TEST(FilterTest, looks_at_so_many_elements_and_not_at_more) {
    const auto list = [](std::size_t zeros) {
        std::string text = R"({"n":[)";
        for (std::size_t i = 0; i < zeros; ++i) text += "0,";
        return text + R"(1],"m":[1],"after":{"x":1}})";
    };
    constexpr std::string_view one = R"({"data":{"n":1}})", after = R"({"data":{"after":{"x":1}}})",
                               other = R"({"data":{"m":1}})";
    EXPECT_EQ(held_against(one, list(limits::filter_elements_max - 1)), "matches");
    EXPECT_EQ(held_against(other, list(limits::filter_elements_max - 1)), "/data/m");
    EXPECT_EQ(held_against(one, list(limits::filter_elements_max)), "/data/n");
    EXPECT_EQ(held_against(after, list(limits::filter_elements_max)), "matches");
    EXPECT_EQ(held_against(R"({"data":{"m":{"$neq":[]}}})", list(limits::filter_elements_max)),
              "matches");
}

TEST(FilterTest, wide_objects_and_long_texts_cost_what_their_bytes_do) {
    std::string wide = "{", text(100'000, 'a');
    for (int i = 0; i < 1'000; ++i) {
        wide += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":" + std::to_string(i);
    }
    wide += R"(,"a\u0062":"x"})";
    for (const int i : {0, 1, 500, 999}) {
        const auto n = std::to_string(i);
        EXPECT_EQ(held_against(R"({"data":{"k)" + n + R"(":)" + n + "}}", wide), "matches");
    }
    EXPECT_EQ(held_against(R"({"data":{"ab":"x"}})", wide), "matches");
    EXPECT_EQ(held_against(R"({"data":{"k1000":1}})", wide), "/data/k1000");
    const std::string needle = std::string(3'000, 'a') + "b";
    const auto filter = R"({"data":{"t":{"$contains":")" + needle + R"("}}})";
    EXPECT_EQ(held_against(filter, R"({"t":")" + text + R"("})"), "/data/t/$contains");
    EXPECT_EQ(held_against(filter, R"({"t":")" + text + R"(b"})"), "matches");
}

TEST(FilterTest, an_event_that_is_no_longer_json_is_not_read) {
    const auto filter = Filter::parse(R"({"data":{"a":1}})").value();
    store::EventRow event;
    event.type = "order.paid";
    for (const char* data : {"{\"a\"", "[[[", "{]", "", "\"\\"}) {
        event.data = data;
        EXPECT_FALSE(refusal(filter, event)) << data;
    }
    event.data = R"({"a":1})";
    EXPECT_EQ(refusal(filter, event).value(), std::nullopt);
}

TEST(FilterTest, what_is_wrong_is_named) {
    const auto wrong = [](std::string_view filter) {
        const auto read = Filter::parse(filter);
        if (read) return std::string("nothing");
        std::string places;
        for (const auto& field : read.error().fields) places += field.pointer + " ";
        return places;
    };
    EXPECT_EQ(wrong("[]"), "# ");
    EXPECT_EQ(wrong("{}"), "# ");
    EXPECT_EQ(wrong(R"({"total":1})"), "#/total ");
    EXPECT_EQ(wrong(R"({"data":{"a":{"$gte":true}},"$eq":1})"), "#/data/a/$gte #/$eq ");
    EXPECT_EQ(wrong(R"({"data":{"a":{"$in":5,"$startsWith":1,"$exists":"yes"}}})"),
              "#/data/a/$in #/data/a/$startsWith #/data/a/$exists ");
    EXPECT_EQ(wrong(R"({"$or":[]})"), "#/$or ");
    EXPECT_EQ(wrong(R"({"$or":["order.paid"]})"), "#/$or/0 ");
    EXPECT_EQ(wrong(R"({"$not":5})"), "#/$not ");
    EXPECT_EQ(wrong(R"({"data":{}})"), "#/data ");
    EXPECT_EQ(wrong(R"({"data":{"a/b":{"$get":1}}})"), "#/data/a~1b/$get ");
    EXPECT_NE(Filter::parse(R"({"data":{"a":{"$exist":1}}})")
                  .error()
                  .fields[0]
                  .detail.find("do you mean $exists?"),
              std::string::npos);
}

TEST(FilterTest, a_filter_has_bounds) {
    std::string deep = "1", wide = "{", list = "0";
    for (std::size_t i = 0; i < limits::filter_depth_max; ++i) deep = R"({"a":)" + deep + "}";
    EXPECT_FALSE(Filter::parse(R"({"data":)" + deep + "}"));
    for (std::size_t i = 0; i <= limits::filter_conditions_max; ++i) {
        wide += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":1";
    }
    EXPECT_FALSE(Filter::parse(R"({"data":)" + wide + "}}"));
    for (std::size_t i = 0; i < limits::filter_list_max; ++i) list += ",0";
    EXPECT_FALSE(Filter::parse(R"({"data":{"a":{"$in":[)" + list + "]}}}"));
    EXPECT_FALSE(
        Filter::parse(R"({"data":{"a":")" + std::string(limits::filter_bytes_max, 'x') + "\"}}"));
}

}  // namespace
}  // namespace postrider::events
