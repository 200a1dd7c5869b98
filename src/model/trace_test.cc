#include "model/trace.h"

#include <gtest/gtest.h>

#include <vector>

namespace postrider::trace {
namespace {

constexpr std::string_view plain = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string read_one(std::string_view parent, std::vector<std::string_view> states = {}) {
    const std::string_view parents[] = {parent};
    return read(parents, states);
}
std::string state_of(std::vector<std::string_view> states) {
    return std::string(state(read_one(plain, std::move(states))));
}

TEST(TraceTest, a_traceparent_is_read_as_the_specification_says) {
    const struct {
        std::string_view given;
        std::string_view kept;
    } rows[] = {
        {plain, plain},
        {"  00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\t", plain},
        // Flags that are not known are zero, the two that are stay.
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
         "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0c",
         "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"},
        // A later version may have more behind it, and is sent on as version 00.
        {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", plain},
        {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later", plain},
        {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what", ""},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what", ""},
        {"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""},
        {"0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""},
        {"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", ""},
        {"00-00000000000000000000000000000000-b7ad6b7169203331-01", ""},
        {"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", ""},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", ""},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-.1", ""},
        {"00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033311-01", ""},
        {"00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01", ""},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx: y", ""},
        {"", ""},
        {"-", ""},
    };
    for (const auto& row : rows) EXPECT_EQ(read_one(row.given), row.kept) << row.given;
}

TEST(TraceTest, two_traceparents_are_none_and_a_tracestate_alone_is_none) {
    const std::string_view both[] = {plain, plain};
    const std::string_view states[] = {"a=1"};
    EXPECT_EQ(read(both, {}), "");
    EXPECT_EQ(read({}, states), "");
    EXPECT_EQ(read_one("malformed", {"a=1"}), "");
}

TEST(TraceTest, a_tracestate_is_read_as_the_specification_says) {
    EXPECT_EQ(state_of({"foo=1"}), "foo=1");
    EXPECT_EQ(state_of({"foo=1,bar=2"}), "foo=1,bar=2");
    EXPECT_EQ(state_of({"foo=1 \t , \t bar=2, baz=3"}), "foo=1,bar=2,baz=3");
    EXPECT_EQ(state_of({"foo=1", "bar=2"}), "foo=1,bar=2");
    EXPECT_EQ(state_of({"", "foo=1,,bar=2,"}), "foo=1,bar=2");
    EXPECT_EQ(state_of({"fw529a3039@dt=Ff yT/x!,1@a=b"}), "fw529a3039@dt=Ff yT/x!,1@a=b");
    for (const std::string_view bad :
         {"foo", "foo=", "=1", "foo =1", "FOO=1", "foo.bar=1", "foo@=1", "@foo=1", "foo@@bar=1",
          "foo@bar@baz=1", "1foo=1", "foo=1=2", "foo=\x01", "foo=\xc3\xa4", "foo=1,foo=2",
          "foo=1;bar=2,baz"}) {
        EXPECT_EQ(state_of({bad}), "") << bad;
        EXPECT_EQ(read_one(plain, {bad}), plain) << bad;
    }
}

TEST(TraceTest, a_tracestate_has_limits) {
    const std::string z(256, 'z');
    EXPECT_EQ(state_of({z + "=1"}), z + "=1");
    EXPECT_EQ(state_of({z + "z=1"}), "");
    EXPECT_EQ(state_of({"a=" + z}), "a=" + z);
    EXPECT_EQ(state_of({"a=" + z + "z"}), "");
    EXPECT_EQ(state_of({std::string(241, 't') + "@" + std::string(14, 'v') + "=1"}).size(), 258);
    EXPECT_EQ(state_of({std::string(242, 't') + "@v=1"}), "");
    EXPECT_EQ(state_of({"t@" + std::string(15, 'v') + "=1"}), "");
    std::string many;
    for (int i = 0; i < 32; ++i) many += (i > 0 ? ",k" : "k") + std::to_string(i) + "=1";
    EXPECT_EQ(state_of({many}), many);
    EXPECT_EQ(state_of({many + ",more=1"}), "");
}

TEST(TraceTest, what_is_too_long_loses_its_large_members_first_and_then_its_last) {
    const std::string large = "large=" + std::string(200, 'x');
    std::string small;
    for (int i = 10; i < 20; ++i) small += ",k" + std::to_string(i) + "=" + std::string(40, 'v');
    EXPECT_EQ(state_of({"first=1," + large + small}), "first=1" + small);
    const std::string more = small + ",k20=" + std::string(100, 'v');
    EXPECT_EQ(state_of({"first=1" + more}), "first=1" + small);
}

TEST(TraceTest, a_stored_text_is_sent_only_if_it_is_well_formed) {
    const std::string whole = std::string(plain) + " foo=1,bar=2";
    EXPECT_EQ(checked(whole), whole);
    EXPECT_EQ(checked(plain), plain);
    EXPECT_EQ(checked(""), "");
    EXPECT_EQ(checked(std::string(plain) + "\r\nx: y"), "");
    EXPECT_EQ(checked(std::string(plain) + " foo=1\r\nx: y"), "");
    EXPECT_EQ(checked(std::string(plain) + " "), "");
    EXPECT_EQ(checked("nonsense"), "");
    EXPECT_EQ(parent(whole), plain);
    EXPECT_EQ(state(whole), "foo=1,bar=2");
    EXPECT_EQ(id(whole), "0af7651916cd43dd8448eb211c80319c");
    EXPECT_EQ(id(""), "");
}

TEST(TraceTest, an_attempt_is_another_span_of_the_same_trace) {
    EXPECT_EQ(child(plain, 0x0123456789abcdef),
              "00-0af7651916cd43dd8448eb211c80319c-0123456789abcdef-01");
    EXPECT_EQ(child(plain, 0), "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01");
}

}  // namespace
}  // namespace postrider::trace
