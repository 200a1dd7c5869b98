#include <gtest/gtest.h>

#include "cli/fake_api_test.h"

namespace postrider::cli {
namespace {

const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

TEST(sign, prints_the_signature_of_the_contract) {
    auto ended = run_with({"sign", "--secret", secret, "--id", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                           "--timestamp", "2021-02-25T15:02:10Z", "--body",
                           R"({"test": 2432232314})", "http://127.0.0.1:3000/hook?a=b", "--curl"});
    ASSERT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_NE(ended.out.find("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="), std::string::npos)
        << ended.out;
    EXPECT_NE(ended.out.find("'http://127.0.0.1:3000/hook?a=b'"), std::string::npos) << ended.out;
}

TEST(sign, verifies_what_it_prints) {
    for (const std::string& key :
         {secret, std::string("whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")}) {
        const auto printed = run_with({"sign", "--secret", key, "--event", "user.role.assigned"});
        ASSERT_EQ(printed.code, exit_ok) << printed.error;
        // The catalogue's example is in it.
        EXPECT_NE(
            printed.out.find(R"({"event":"user.role.assigned","timestamp":"2026-11-23T18:12:)"),
            std::string::npos)
            << printed.out;
        EXPECT_NE(printed.out.find("\"role\":"), std::string::npos) << printed.out;
        const auto verified = run_with({"verify", "--secret", key}, {}, printed.out);
        EXPECT_EQ(verified.code, exit_ok) << verified.out;
    }
    const auto old = run_with({"sign", "--secret", secret, "--timestamp", "10m"});
    EXPECT_EQ(run_with({"verify", "--secret", secret}, {}, old.out).code, exit_not_verified);
}

TEST(sign, sends_it_to_a_receiver) {
    FakeApi receiver(json_answer("", 204));
    auto ended = run_with({"sign", receiver.url() + "/hook", "--secret", secret, "--event",
                           "order.paid", "--data", R"({"total": 12.50})", "--resource-id",
                           "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(receiver.asked().back(), "POST /hook");
    EXPECT_EQ(receiver.bodies().back(),
              R"({"event":"order.paid","timestamp":"2026-11-23T18:12:03.000000Z",)"
              R"("resource_id":"019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11","data":{"total":12.50}})");
    EXPECT_NE(ended.out.find("204: accepted"), std::string::npos) << ended.out;
    FakeApi refuses(json_answer("who are you", 401));
    ended = run_with({"sign", refuses.url() + "/hook", "--secret", secret});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.out.find("401: refused"), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("who are you"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace postrider::cli
