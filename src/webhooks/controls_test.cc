#include "webhooks/controls.h"

#include <gtest/gtest.h>

#include <map>

namespace postrider::webhooks {
namespace {

/// A good value of each control; one that is missing here fails the test below.
const std::map<std::string_view, std::string_view> samples{
    {"rate_limit", R"({"count":100,"per":"1m"})"},
    {"max_in_flight", "7"},
    {"ordering", R"("resource")"},
    {"on_exhausted", R"("hold")"},
    {"realms", R"("all")"},
    {"format", R"("cloudevents")"},
    {"filter", R"({"data":{"total":{"$gte":100.10}}})"},
    {"template", R"({"text":"{{event}}","n":100.10})"},
    {"authentication", R"({"type":"basic","username":"shop","password":"••••••"})"},
    {"tls",
     R"({"ca":"••••••","client_certificate":"••••••","client_key":"••••••","subject":"CN=shop","expires_at":"2027-01-31T12:00:00.000000Z"})"},
};

Controls with(const Control& control, std::string_view json) {
    Controls controls;
    const auto value = json::parse(json).value();
    control.read({value, json}, controls, [&](std::string_view below, const std::string& detail) {
        ADD_FAILURE() << control.name << below << " " << detail;
    });
    return controls;
}

TEST(ControlsTest, each_is_read_written_stored_compared_and_copied) {
    for (const Control& control : all_controls()) {
        SCOPED_TRACE(control.name);
        ASSERT_TRUE(samples.contains(control.name));
        const auto sample = samples.at(control.name);
        const auto set = with(control, sample);
        EXPECT_TRUE(control.is_set(set));
        EXPECT_FALSE(control.is_set({}));
        EXPECT_FALSE(control.is_same(set, {}));
        EXPECT_TRUE(control.is_same(set, with(control, sample)));
        const auto stored = to_json(set);
        EXPECT_EQ(stored, "{\"" + std::string(control.name) + "\":" + std::string(sample) + "}");
        EXPECT_EQ(parse_controls(stored).value(), set);

        ControlsChange change{.touched = {&control}, .values = set};
        Controls changed;
        change.apply_to(changed);
        EXPECT_EQ(changed, set);
        change.values = {};
        change.apply_to(changed);
        EXPECT_EQ(changed, Controls{});
    }
}

TEST(ControlsTest, all_are_written_and_what_is_not_set_is_null) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_controls(writer, {});
    writer.end_object();
    const auto shown = json::parse(out).value();
    EXPECT_EQ(shown.as_object()->size(), all_controls().size());
    for (const auto& [name, value] : *shown.as_object()) EXPECT_TRUE(value.is_null()) << name;
    EXPECT_EQ(to_json(Controls{}), "{}");
}

TEST(ControlsTest, what_is_stored_and_cannot_be_read_is_an_error) {
    for (const char* text : {"", "[]", "{", R"({"unknown":1})", R"({"format":"x"})",
                             R"({"max_in_flight":0})", R"({"rate_limit":{"count":1}})"}) {
        EXPECT_FALSE(parse_controls(text)) << text;
    }
}

}  // namespace
}  // namespace postrider::webhooks
