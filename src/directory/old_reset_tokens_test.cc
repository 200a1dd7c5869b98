#include "directory/old_reset_tokens.h"

#include <gtest/gtest.h>

namespace postrider::directory {
namespace {

TEST(OldResetTokensTest, takes_out_the_last_member_and_nothing_else) {
    EXPECT_EQ(without_reset_token(R"({"id":"1","expires_at":"x","token":"prt_Abc-_9"})"),
              R"({"id":"1","expires_at":"x"})");
    for (const std::string data :
         {R"({"id":"1","expires_at":"x"})", R"({"id":"1","attributes":{"a":1,"token":"prt_A"}})",
          R"({"id":"1","token":"other"})", R"({"token":"prt_A"})", "{}", ""}) {
        EXPECT_EQ(without_reset_token(data), data);
    }
}

}  // namespace
}  // namespace postrider::directory
