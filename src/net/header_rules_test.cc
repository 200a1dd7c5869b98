#include "net/header_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "model/limits.h"

namespace postrider::net {
namespace {

using namespace std::string_literals;

TEST(HeaderRulesTest, TakesWhatPeopleSend) {
    for (const auto& [name, value] : Headers{
             {"Authorization", "Bearer x"},
             {"authorization", "Basic dXNlcjpwYXNz"},
             {"X-Api-Key", "!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"},
             {"X_Under.Score", "a\tb"},
             {"!#$%&'*+-.^_`|~09az", "x"},
             {"Accept", "*/*"},
             {"Host-Name", "h"},
             {"Tea", "green"},
             {"Trailers", "x"},
             {"X-Forwarded", "x"},
             {"Cookies", "x"},
             {"Webhook", "x"},
             {"Proxy", "x"},
             {"CE", "x"},
             {"Content", "x"},
         }) {
        EXPECT_TRUE(check_header(name, value)) << name;
        EXPECT_TRUE(is_header_safe(name, value)) << name;
    }
}

TEST(HeaderRulesTest, RefusesNamesThatAreNoToken) {
    for (const auto& name : {""s, " "s, "a b"s, "a:"s, ":a"s, "a\r\nb"s, "a\0b"s, "a\t"s, "ä"s,
                             "a(b)"s, "a/b"s, "\"a\""s, "a@b"s, "[a]"s, "a\x7f"s, "{a}"s}) {
        EXPECT_FALSE(check_header(name, "v")) << name;
        EXPECT_FALSE(is_header_safe(name, "v")) << name;
    }
}

TEST(HeaderRulesTest, RefusesNamesThatAreNotTheirs) {
    for (const auto* name : {"host",
                             "Host",
                             "CONNECTION",
                             "keep-alive",
                             "Content-Length",
                             "content-type",
                             "Content-",
                             "content-encoding",
                             "transfer-encoding",
                             "TE",
                             "Trailer",
                             "Upgrade",
                             "HTTP2-Settings",
                             "Expect",
                             "Accept-Encoding",
                             "User-Agent",
                             "Date",
                             "Cookie",
                             "Via",
                             "Forwarded",
                             "X-Forwarded-For",
                             "x-forwarded-proto",
                             "Proxy-Authorization",
                             "proxy-connection",
                             "Webhook-Id",
                             "webhook-signature",
                             "webhook-anything",
                             "ce-id",
                             "CE-Type",
                             "traceparent",
                             "Tracestate",
                             "Metadata-Flavor",
                             "Metadata",
                             "X-Metadata-Token",
                             "Metadata-Token",
                             "Metadata-Token-Expiry-Seconds",
                             "X-Google-Metadata-Request",
                             "X-aws-ec2-metadata-token",
                             "X-aws-ec2-metadata-token-ttl-seconds",
                             "X-aliyun-ecs-metadata-token"}) {
        const auto checked = check_header(name, "v");
        ASSERT_FALSE(checked) << name;
        EXPECT_NE(checked.error().message.find("cannot be set"), std::string::npos);
        EXPECT_FALSE(is_header_safe(name, "v")) << name;
    }
}

TEST(HeaderRulesTest, RefusesValuesThatCouldEndTheLineOrBeReadDifferently) {
    for (const auto& value : {""s, " x"s, "x "s, "\tx"s, "x\t"s, "a  b"s, "a \tb"s, "a\t\tb"s,
                              "a\r\nHost: evil"s, "a\n"s, "a\rb"s, "a\0b"s, "a\x01"s, "a\x1f"s,
                              "a\x7f"s, "caf\xc3\xa9"s, "\xe2\x80\xa2"s, "a\x80"s, "a\xff"s}) {
        const auto checked = check_header("X-A", value);
        ASSERT_FALSE(checked) << value;
        EXPECT_FALSE(is_header_safe("X-A", value)) << value;
    }
    // A secret never stands in a message.
    EXPECT_EQ(check_header("X-A", "hunter2 ").error().message.find("hunter2"), std::string::npos);
}

TEST(HeaderRulesTest, NamesEveryBadFieldByItsPointer) {
    const auto checked = check_headers({{"X-Good", "v"},
                                        {"Host", "v"},
                                        {"a~b/c d", "v"},
                                        {"X-Bad", " v"},
                                        {"x-good", "w"},
                                        {"p%q", "\n"}});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
    std::vector<std::string> pointers;
    for (const auto& field : checked.error().fields) {
        pointers.push_back(field.pointer);
        EXPECT_FALSE(field.detail.empty());
    }
    EXPECT_EQ(pointers,
              (std::vector<std::string>{"#/headers/Host", "#/headers/a~0b~1c%20d",
                                        "#/headers/X-Bad", "#/headers/x-good", "#/headers/p%25q"}));
    EXPECT_TRUE(check_headers({}));
    EXPECT_TRUE(check_headers({{"A", "1"}, {"B", "2"}}));
}

TEST(HeaderRulesTest, BoundsAllTogether) {
    Headers many;
    for (std::size_t i = 0; i < limits::webhook_headers_count_max; ++i) {
        many.emplace_back("x-" + std::to_string(i), "v");
    }
    EXPECT_TRUE(check_headers(many));
    many.emplace_back("x-last", "v");
    ASSERT_FALSE(check_headers(many));
    EXPECT_EQ(check_headers(many).error().fields.front().pointer, "#/headers");

    Headers large{{"x", std::string(limits::webhook_headers_bytes_max - 1, 'v')}};
    EXPECT_TRUE(check_headers(large));
    large.front().second += 'v';
    ASSERT_FALSE(check_headers(large));
    EXPECT_EQ(check_headers(large).error().fields.front().pointer, "#/headers");
}

}  // namespace
}  // namespace postrider::net
