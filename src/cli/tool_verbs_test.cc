#include "cli/fake_api_test.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(cli, verify_reads_a_request_or_headers_and_a_body) {
    const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const std::string id = "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek";
    const std::string timestamp = "webhook-timestamp: 1614265330";
    const std::string signature =
        "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const std::string body = R"({"test": 2432232314})";
    const std::string now = "2021-02-25T15:02:10Z";
    auto whole =
        "POST / HTTP/1.1\r\n" + id + "\r\n" + timestamp + "\r\n" + signature + "\r\n\r\n" + body;
    auto ended = run_with({"verify", "--secret", secret, "--now", now}, {}, whole);
    EXPECT_EQ(ended.code, exit_ok) << ended.out << ended.error;
    EXPECT_EQ(ended.out, "verified: msg_p5jXN8AQM9LWM0D4loKWxJek\n");
    ended = run_with(
        {"verify", "--secret", secret, "--now", now, "-H", id, "-H", timestamp, "-H", signature},
        {}, body);
    EXPECT_EQ(ended.code, exit_ok) << ended.out << ended.error;
    ended = run_with({"verify", "--secret", secret}, {}, whole);
    EXPECT_EQ(ended.code, exit_not_verified);
    EXPECT_NE(ended.out.find("NOT verified: the signature fits, but is"), std::string::npos)
        << ended.out;
    ended = run_with({"verify", "--secret", secret, "--now", now, "--json"}, {}, whole + "x");
    EXPECT_EQ(ended.code, exit_not_verified);
    EXPECT_TRUE(ended.out.starts_with(R"({"verified":false,"detail":")")) << ended.out;
}

}  // namespace
}  // namespace postrider::cli
