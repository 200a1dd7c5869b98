#include "webhooks/render.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace postrider::webhooks {
namespace {

const Timestamp start = parse_rfc3339("2026-11-23T12:00:00Z").value();

SharedEvent reset_of(std::string_view data) {
    return std::make_shared<const EventContent>("auth.reset_password", start, ResourceId{}, data);
}

TEST(RenderTest, the_default_body_is_the_events_own) {
    const auto event = reset_of(R"({"id":"1"})");
    EXPECT_EQ(event->type(), "auth.reset_password");
    EXPECT_EQ(event->data(), R"({"id":"1"})");
    const auto body = render(event, {}).value();
    EXPECT_EQ(body.get(), &event->body()) << "shared, not copied";
    EXPECT_EQ(*body, event_body("auth.reset_password", start, ResourceId{}, R"({"id":"1"})"));
}

TEST(RenderTest, a_body_outlives_what_it_was_rendered_of) {
    auto event = reset_of(R"({"id":"1"})");
    const auto body = render(event, {}).value();
    event.reset();
    EXPECT_TRUE(body->ends_with(R"("data":{"id":"1"}})"));
}

TEST(RenderTest, a_token_stands_last_in_the_data) {
    const auto with = [](std::string_view data) {
        return *render(reset_of(data), {.id = {}, .token = "prt_x"}).value();
    };
    const auto body = with(R"({"id":"1","attributes":{"a":1}})");
    EXPECT_TRUE(body.ends_with(R"("data":{"id":"1","attributes":{"a":1},"token":"prt_x"}})"))
        << body;
    EXPECT_TRUE(with("{}").ends_with(R"("data":{}})"));
    EXPECT_TRUE(with("[{}]").ends_with(R"("data":[{}]})"));
    EXPECT_EQ(*render(reset_of(R"({"id":"1"})"),
                      {.format = BodyFormat::payload, .id = {}, .token = "prt_x"})
                   .value(),
              R"({"id":"1","token":"prt_x"})");
}

TEST(RenderTest, the_payload_is_the_data_byte_for_byte) {
    const auto event = reset_of(R"({"n":1.10,"big":1e400,"text":"\u00e9"})");
    EXPECT_EQ(*render(event, {.format = BodyFormat::payload, .id = {}}).value(), event->data());
}

TEST(RenderTest, a_cloud_event_has_its_attributes) {
    const auto event = reset_of(R"({"n":1.10})");
    EXPECT_EQ(*render(event, {.format = BodyFormat::cloudevents,
                              .id = {},
                              .source = "https://hooks.example.com/realms/acme"})
                   .value(),
              R"({"specversion":"1.0","id":"00000000-0000-0000-0000-000000000000",)"
              R"("source":"https://hooks.example.com/realms/acme","type":"auth.reset_password",)"
              R"("subject":"00000000-0000-0000-0000-000000000000",)"
              R"("time":"2026-11-23T12:00:00.000000Z","datacontenttype":"application/json",)"
              R"("data":{"n":1.10}})");
}

}  // namespace
}  // namespace postrider::webhooks
