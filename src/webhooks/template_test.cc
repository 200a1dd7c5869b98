#include "webhooks/template.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/json_text.h"
#include "model/limits.h"
#include "model/template_limits.h"
#include "webhooks/channel_text.h"

namespace postrider::webhooks {
namespace {

Result<std::string> rendered(const Template& read, std::string_view data) {
    const events::JsonIndex index{std::string(data)};
    return read.render({.event = "order.paid",
                        .timestamp = "2026-11-23T12:00:00.000000Z",
                        .resource_id = "r-1",
                        .id = "e-1",
                        .realm = "acme",
                        .data = index,
                        .header = [](std::string_view name) -> std::optional<std::string> {
                            if (name != "X-Key") return std::nullopt;
                            return "sesame";
                        }});
}

std::string filled(std::string_view text, std::string_view data) {
    const auto read = Template::parse(text);
    if (!read) return "wrong: " + read.error().fields.front().pointer;
    const auto body = rendered(*read, data);
    return body ? *body : "error: " + body.error().message;
}

TEST(Template, values_stand_where_their_placeholders_are) {
    EXPECT_EQ(
        filled(R"({"text":"{{event}} of {{ realm }}","n":[1.10,null],"at":"{{timestamp}}"})", "{}"),
        R"({"text":"order.paid of acme","n":[1.10,null],"at":"2026-11-23T12:00:00.000000Z"})");
    EXPECT_EQ(filled(R"(["{{id}}","{{resource_id}}","{{header.X-Key}}"])", "{}"),
              R"(["e-1","r-1","sesame"])");
    EXPECT_EQ(filled(R"({"{{event}}":1})", "{}"), R"({"{{event}}":1})") << "names are no places";
}

TEST(Template, a_placeholder_alone_keeps_type_and_digits) {
    constexpr std::string_view data =
        R"({"n":12345678901234567890.10,"big":1e400,"list":[{"a":true},"x"],"s":"q\"\u00e9"})";
    EXPECT_EQ(filled(R"("{{data.n}}")", data), "12345678901234567890.10");
    EXPECT_EQ(filled(R"("{{data.big}}")", data), "1e400");
    EXPECT_EQ(filled(R"("{{data.list}}")", data), R"([{"a":true},"x"])");
    EXPECT_EQ(filled(R"("{{data.list.0.a}}")", data), "true");
    EXPECT_EQ(filled(R"("{{data.list.7}}")", data), "null");
    EXPECT_EQ(filled(R"("{{data.s}}")", data), R"("q\"\u00e9")");
    EXPECT_EQ(filled(R"("{{data}}")", "{}"), "{}");
    EXPECT_EQ(filled(R"("n: {{data.n}}, {{data.list}}, {{data.gone}}.")", data),
              R"("n: 12345678901234567890.10, [{\"a\":true},\"x\"], .")");
    EXPECT_EQ(filled(R"("{{data.s}}!")", data), "\"q\\\"é!\"");
}

TEST(Template, filters_apply_from_left_to_right) {
    EXPECT_EQ(filled(R"("{{data.a | default: \"no | one\"}}")", "{}"), R"("no | one")");
    EXPECT_EQ(filled(R"("{{data.a | default: \"x\"}}")", R"({"a":null})"), R"("x")");
    EXPECT_EQ(filled(R"("{{data.a | default: \"x\"}}")", R"({"a":5})"), "5");
    EXPECT_EQ(filled(R"("{{data.a | json}}")", R"({"a":{"b":"c"}})"), R"("{\"b\":\"c\"}")");
    EXPECT_EQ(filled(R"("{{event | json}}")", "{}"), R"("\"order.paid\"")");
    EXPECT_EQ(filled(R"("{{data.a | truncate: 4}}")", R"({"a":"abcdef"})"), R"("abc…")");
    EXPECT_EQ(filled(R"("{{data.a | truncate: 4 | slack}}")", R"({"a":"<!channel>"})"),
              R"("&lt;!c…")");
}

TEST(Template, what_is_wrong_is_named) {
    EXPECT_EQ(filled(R"({"a":["{{event"]})", ""), "wrong: #/a/0");
    EXPECT_EQ(filled(R"({"a/b":"{{total}}"})", ""), "wrong: #/a~1b");
    EXPECT_EQ(filled(R"("{{event.name}}")", ""), "wrong: #");
    EXPECT_EQ(filled(R"("{{data.a | upper}}")", ""), "wrong: #");
    EXPECT_EQ(filled(R"("{{data.a | truncate: x}}")", ""), "wrong: #");
    EXPECT_EQ(filled(R"("{{data.a | default: x}}")", ""), "wrong: #");
    EXPECT_EQ(filled(R"("{{header}}")", ""), "wrong: #");
    EXPECT_EQ(filled("{", ""), "wrong: #");
    EXPECT_EQ(filled('"' + std::string(limits::template_bytes_max, 'x') + '"', ""), "wrong: #");
    EXPECT_EQ(filled(R"("{{header.X-Other}}")", "{}"),
              "error: the webhook has no header X-Other for its template");
}

TEST(Template, a_body_has_a_bound) {
    std::string places;
    for (int i = 0; i < 100; ++i) places += i == 0 ? "\"{{data.t}}\"" : ",\"x{{data.t}}\"";
    const auto read = Template::parse("[" + places + "]");
    const std::string data = R"({"t":")" + std::string(20'000, 'y') + "\"}";
    EXPECT_FALSE(rendered(*read, data).has_value());
    EXPECT_TRUE(rendered(*read, R"({"t":"y"})").has_value());
}

TEST(ChannelText, nothing_formats_or_mentions) {
    EXPECT_EQ(escaped_for(Channel::slack, "<!channel> & <@U1>"),
              "&lt;!channel&gt; &amp; &lt;@U1&gt;");
    EXPECT_EQ(escaped_for(Channel::discord, "@everyone *b* <@1>"),
              "@\u200beveryone \\*b\\* \\<\u200b@\u200b1\\>");
    EXPECT_EQ(escaped_for(Channel::teams, "[x](y) <at>"), "\\[x\\]\\(y\\) &lt;at&gt;");
}

TEST(ChannelText, is_cut_by_utf_16_units_and_not_within_a_pair) {
    EXPECT_EQ(truncated("abc", 3), "abc");
    EXPECT_EQ(truncated("abcd", 3), "ab…");
    EXPECT_EQ(truncated("😀😀", 4), "😀😀");
    EXPECT_EQ(truncated("😀😀", 3), "😀…");
    EXPECT_EQ(truncated("😀😀", 2), "…");
    EXPECT_EQ(truncated("", 1), "");
}

TEST(ChannelText, half_a_pair_becomes_a_replacement) {
    const auto clean = [](std::string_view string) {
        const events::JsonIndex index{std::string(string)};
        return clean_text(index.root());
    };
    EXPECT_EQ(clean(R"("a\ud800b")"), "a\uFFFDb");
    EXPECT_EQ(clean(R"("\udc00\ud83d\ude00\ud83d")"), "\uFFFD😀\uFFFD");
    EXPECT_EQ(clean(R"("\\ud800 \ud800\n")"), "\\ud800 \uFFFD\n");
    EXPECT_EQ(clean(R"("\u0041")"), "A");
}

TEST(ReadyTemplates, are_there_and_stay_json) {
    constexpr std::string_view data =
        R"({"name":"<!channel> @everyone \"q\" \ud800","n":1e400,"list":[]})";
    for (const char* name : {"slack", "discord", "teams", "pagerduty"}) {
        const auto* ready = ready_template(name);
        ASSERT_NE(ready, nullptr) << name;
        const events::JsonIndex index{std::string(data)};
        const auto body = ready->render({.event = "order.paid",
                                         .timestamp = "t",
                                         .resource_id = "r",
                                         .id = "e",
                                         .realm = "acme",
                                         .data = index,
                                         .header = [](std::string_view) { return "key"; }});
        ASSERT_TRUE(body.has_value()) << name;
        EXPECT_TRUE(json::compact(*body, limits::json_depth_max).has_value()) << *body;
        EXPECT_EQ(body->find("<!channel>") != std::string::npos,
                  std::string_view(name) == "pagerduty");
    }
    EXPECT_EQ(ready_template("template"), nullptr);
}

TEST(Template, a_template_cannot_take_more_work_than_its_event_is_large) {
    std::string doubling;
    for (int i = 0; i < 100; ++i) doubling += " | markdown";
    const std::string large = R"({"a":")" + std::string(200'000, '<') + "\"}";
    EXPECT_TRUE(filled(R"("{{data.a)" + doubling + R"(}}")", R"({"a":"\\"})").contains("work"));
    std::string many;
    for (int i = 0; i < 400; ++i) many += "{{data | json | slack | truncate: 1}}";
    EXPECT_TRUE(filled("\"" + many + "\"", large).contains("work"));
    EXPECT_FALSE(filled("\"" + many + "\"", R"({"a":"<"})").contains("work"));
    std::string list = "[";
    for (int i = 0; i < 50'000; ++i) list += "1,";
    std::string places;
    for (int i = 0; i < 400; ++i) places += "{{data.l.49999}}";
    EXPECT_TRUE(filled("\"" + places + "\"", R"({"l":)" + list + "1]}").contains("work"));
    // The ready ones take the largest event that there may be.
    for (const auto* name : {"slack", "discord", "teams", "pagerduty"}) {
        for (const char sign : {'<', '\'', '@', '*', '&'}) {
            const auto data =
                R"({"a":")" + std::string(limits::payload_bytes_max_hard - 100, sign) + "\"}";
            const auto body = rendered(*ready_template(name), data);
            ASSERT_FALSE(!body && body.error().message.contains("work")) << name << sign;
        }
    }
}

}  // namespace
}  // namespace postrider::webhooks
