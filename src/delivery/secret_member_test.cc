#include "delivery/secret_member.h"

#include <gtest/gtest.h>

namespace postrider::delivery {
namespace {

TEST(SecretMemberTest, stands_last_in_the_data) {
    const std::string body = event_body("auth.reset_password", Timestamp{}, ResourceId{},
                                        R"({"id":"1","attributes":{"a":1}})");
    EXPECT_TRUE(may_carry_secret(body));
    const std::string sent = *with_token(body, "prt_x");
    EXPECT_TRUE(sent.ends_with(R"("data":{"id":"1","attributes":{"a":1},"token":"prt_x"}})"))
        << sent;
    EXPECT_FALSE(may_carry_secret(event_body("user.created", Timestamp{}, ResourceId{}, "{}")));
}

TEST(SecretMemberTest, an_echo_is_masked) {
    AttemptResult result;
    result.response_body = "got prt_x and prt_x";
    result.response_headers = {{"X-Echo", "prt_x"}, {"X-Other", "1"}};
    mask_secret(result, "prt_x");
    EXPECT_EQ(result.response_body, "got •••••• and ••••••");
    EXPECT_EQ(result.response_headers[0].second, "••••••");
    EXPECT_EQ(result.response_headers[1].second, "1");
    result.response_body = "cut: prt_0123456";
    result.response_truncated = true;
    mask_secret(result, "prt_0123456789");
    EXPECT_EQ(result.response_body, "cut: ••••••");
    mask_secret(result, "");
    EXPECT_EQ(result.response_headers[1].second, "1");
}

}  // namespace
}  // namespace postrider::delivery
