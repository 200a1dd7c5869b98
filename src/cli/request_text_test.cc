#include "cli/request_text.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(request_text, reads_a_request) {
    auto request = parse_request_text(
        "POST /hook HTTP/1.1\r\nWebhook-Id:  a b \r\nContent-Length: 3\r\n\r\nabc\n");
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->header("webhook-id"), "a b");
    EXPECT_EQ(request->body, "abc");
}

TEST(request_text, reads_headers_alone_and_bare_line_ends) {
    auto request = parse_request_text("webhook-id: 1\n\n{}\n\n");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->header("webhook-id"), "1");
    EXPECT_EQ(request->body, "{}\n\n");
    EXPECT_EQ(request->header("other"), "");
}

TEST(request_text, says_what_is_missing) {
    for (const char* text : {"", "{}", "POST / HTTP/1.1\nA: b\n", "A: b\nno header\n\nx",
                             "content-length: 5\n\nabc", "content-length: x\n\nabc", ": v\n\n"}) {
        EXPECT_FALSE(parse_request_text(text)) << text;
    }
}

}  // namespace
}  // namespace postrider::cli
