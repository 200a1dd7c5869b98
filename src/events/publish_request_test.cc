#include "events/publish_request.h"

#include <gtest/gtest.h>

#include <set>

#include "model/limits.h"

namespace postrider::events {
namespace {

const Timestamp now = *parse_rfc3339("2026-11-23T18:12:03.123456Z");
const PublishLimits limits_{.payload_bytes_max = 100, .now = now};

std::string body(std::string_view more = "",
                 std::string_view id = "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11") {
    return R"({"event":"order.paid","resource_id":")" + std::string(id) + R"(","data":{})" +
           std::string(more) + "}";
}

std::set<std::string> pointers(const Error& error) {
    std::set<std::string> found;
    for (const auto& field : error.fields) found.insert(field.pointer);
    return found;
}

TEST(PublishRequest, data_stays_byte_for_byte_less_white_space) {
    auto event = parse_publish(
        R"({ "data" : { "b" : 1.10, "a": 12345678901234567890123,"c":1e400, "d":"\u0000 x" },
             "resource_id": "019300A1-7C3E-7B1A-9A54-3F0F6B1D2C11", "event": "order.p\u0061id",
             "timestamp": "2026-11-23T19:12:03+02:00" })",
        limits_);
    ASSERT_TRUE(event) << event.error().message;
    EXPECT_EQ(event->data, R"({"b":1.10,"a":12345678901234567890123,"c":1e400,"d":"\u0000 x"})");
    EXPECT_EQ(event->type, "order.paid");
    EXPECT_EQ(event->resource_id.to_string(), "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11");
    EXPECT_EQ(event->timestamp, parse_rfc3339("2026-11-23T17:12:03Z"));
    EXPECT_EQ(parse_publish(body(), limits_)->timestamp, std::nullopt);
}

TEST(PublishRequest, every_bad_field_is_named) {
    struct Row {
        std::string body;
        std::set<std::string> pointers;
    };
    const std::string deep = R"({"event":"a.b","resource_id":1,"data":)" + std::string(64, '[') +
                             std::string(64, ']') + "}";
    const Row rows[] = {
        {"{}", {"#/event", "#/resource_id", "#/data"}},
        {R"({"event":7,"resource_id":null,"data":[],"timestamp":0})",
         {"#/event", "#/resource_id", "#/data", "#/timestamp"}},
        {R"({"event":"","resource_id":"x","data":null,"timestamp":"yesterday"})",
         {"#/event", "#/resource_id", "#/data", "#/timestamp"}},
        {R"({"event":"\ud800","resource_id":"{019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11}","data":"{}"})",
         {"#/event", "#/resource_id", "#/data"}},
        {body(R"(,"payload":{})"), {"#/payload"}},
        {body(R"(,"a/b~c":1)"), {"#/a~1b~0c"}},
        {body(R"(,"a \"%ä":1)"), {"#/a%20%22%25%C3%A4"}},
        {body(R"(,"timestamp":"2026-11-24T18:12:03.123457Z")"), {"#/timestamp"}},
        {body("", "019300a17c3e7b1a9a543f0f6b1d2c11"), {"#/resource_id"}},
        {"[]", {"#"}},
        {"7", {"#"}},
        {deep, {"#/resource_id", "#/data"}},
    };
    for (const Row& row : rows) {
        auto event = parse_publish(row.body, limits_);
        ASSERT_FALSE(event) << row.body;
        EXPECT_EQ(event.error().code, ErrorCode::invalid_argument);
        EXPECT_EQ(pointers(event.error()), row.pointers) << row.body;
        EXPECT_EQ(event.error().problem, nullptr) << row.body;
    }
    EXPECT_TRUE(parse_publish(body(R"(,"timestamp":"2026-11-24T18:12:03.123456Z")"), limits_));
}

TEST(PublishRequest, malformed_json_is_another_problem) {
    const std::string too_deep = R"({"data":)" + std::string(65, '[') + std::string(65, ']') + "}";
    for (std::string text : {std::string(), std::string("{"), std::string("{\"event\":}"),
                             body() + "x", std::string(R"({"data":{"a":1,"\u0061":2}})"),
                             std::string(R"({"event":"a","event":"b"})"), too_deep,
                             std::string("{\"event\":\"\xff\"}")}) {
        auto event = parse_publish(text, limits_);
        ASSERT_FALSE(event) << text;
        EXPECT_STREQ(event.error().problem, "malformed-json") << text;
        auto batch = parse_batch(text, limits_);
        ASSERT_FALSE(batch) << text;
    }
}

TEST(PublishRequest, data_over_the_limit_is_too_large_counted_without_white_space) {
    auto with = [](std::size_t letters, std::string_view space) {
        return R"({"event":"a.b","resource_id":"019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11","data":{)" +
               std::string(space) + R"("x":")" + std::string(letters, 'x') + "\"}}";
    };
    EXPECT_TRUE(parse_publish(with(92, std::string(1000, ' ')), limits_));
    auto event = parse_publish(with(93, ""), limits_);
    ASSERT_FALSE(event);
    EXPECT_STREQ(event.error().problem, "payload-too-large");
    EXPECT_EQ(pointers(event.error()), (std::set<std::string>{"#/data"}));
}

TEST(PublishRequest, a_batch_names_its_events_by_place) {
    auto batch = parse_batch(R"({"events":[)" + body() + "," + body() + "]}", limits_);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->size(), 2u);

    auto wrong = parse_batch(
        R"({"events":[)" + body() + R"(,{"event":"a.b","data":7},null,)" + body(R"(,"x":1)") + "]}",
        limits_);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(pointers(wrong.error()),
              (std::set<std::string>{"#/events/1/resource_id", "#/events/1/data", "#/events/2",
                                     "#/events/3/x"}));
    for (std::string_view text : {"{}", R"({"events":[]})", R"({"events":{}})", "[]",
                                  R"({"events":null})", R"({"items":[]})"}) {
        EXPECT_FALSE(parse_batch(text, limits_)) << text;
    }
    EXPECT_EQ(parse_batch("[]", limits_).error().fields.front().detail,
              R"(must be an object with the member events: {"events": [...]})");
    // What may be nested in a single publish may be in a batch.
    const std::string nested =
        R"({"event":"a.b","resource_id":"019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11",)"
        R"("data":{"x":)" +
        std::string(32, '[') + std::string(32, ']') + "}}";
    EXPECT_TRUE(parse_publish(nested, limits_));
    EXPECT_TRUE(parse_batch(R"({"events":[)" + nested + "]}", limits_));
}

TEST(PublishRequest, a_batch_has_its_limits) {
    auto of = [](std::size_t count, const std::string& event) {
        std::string text = R"({"events":[)";
        for (std::size_t i = 0; i < count; ++i) text += (i ? "," : "") + event;
        return text + "]}";
    };
    EXPECT_TRUE(parse_batch(of(limits::batch_events_max, body()), limits_));
    auto many = parse_batch(of(limits::batch_events_max + 1, body()), limits_);
    ASSERT_FALSE(many);
    EXPECT_EQ(pointers(many.error()), (std::set<std::string>{"#/events"}));
    auto all_wrong = parse_batch(of(limits::batch_events_max, "{}"), limits_);
    ASSERT_FALSE(all_wrong);
    EXPECT_EQ(all_wrong.error().fields.size(), limits::field_errors_max);
    EXPECT_TRUE(all_wrong.error().message.starts_with(
        "3000 fields are wrong; the first: #/events/0/event is required"));
}

TEST(PublishRequest, idempotency_keys) {
    EXPECT_EQ(parse_idempotency_key("order-1042"), "order-1042");
    EXPECT_EQ(parse_idempotency_key("\"order-1042\""), "order-1042");
    EXPECT_EQ(parse_idempotency_key("\""), "\"");
    EXPECT_TRUE(parse_idempotency_key(std::string(255, 'k')));
    for (std::string value : {std::string(), std::string("\"\""), std::string("a b"),
                              std::string("ä"), std::string("a\tb"), std::string(256, 'k')}) {
        auto key = parse_idempotency_key(value);
        ASSERT_FALSE(key) << value;
        EXPECT_EQ(key.error().fields.front().header, "Idempotency-Key");
    }
}

}  // namespace
}  // namespace postrider::events
