#include "delivery/secret_member.h"

#include <gtest/gtest.h>

namespace postrider::delivery {
namespace {

TEST(SecretMemberTest, one_event_type_may_carry_one) {
    const auto may = [](std::string_view type) {
        return may_carry_secret(EventContent(type, Timestamp{}, ResourceId{}, "{}"));
    };
    EXPECT_TRUE(may("auth.reset_password"));
    EXPECT_FALSE(may("auth.reset_passwords"));
    EXPECT_FALSE(may("user.created"));
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

TEST(SecretMemberTest, a_credential_is_masked_without_its_scheme_too) {
    AttemptResult result;
    result.response_body = "Bearer abcdefgh, abcdefgh";
    mask_authorization(result, "Bearer abcdefgh");
    EXPECT_EQ(result.response_body, "••••••, ••••••");
    result.response_body = "Basic YWRhOm15IHBhc3N3b3Jk, YWRhOm15IHBhc3N3b3Jk, ada and my password";
    mask_authorization(result, "Basic YWRhOm15IHBhc3N3b3Jk");
    EXPECT_EQ(result.response_body, "••••••, ••••••, ada and ••••••");
    result.response_body = "a short one is a part of words: Bearer one";
    mask_authorization(result, "Bearer one");
    EXPECT_EQ(result.response_body, "a short one is a part of words: ••••••");
    mask_authorization(result, "");
    EXPECT_EQ(result.response_body, "a short one is a part of words: ••••••");
}

}  // namespace
}  // namespace postrider::delivery
