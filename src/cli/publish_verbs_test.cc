#include "cli/fake_api_test.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(cli, publish_sends_the_publishers_bytes) {
    FakeApi api(json_answer(
        R"({"id":"e1","event":"order.paid","timestamp":"t","resource_id":"r","deliveries":1})",
        202));
    auto ended = api.run({"publish", "order.paid", "--resource-id", some_id, "--data", "-"},
                         "{ \"total\": 1.10,\n \"n\": 12345678901234567890123 }");
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(ended.out, "e1  order.paid  to 1 webhook\n");
    EXPECT_EQ(api.asked(), std::vector<std::string>{"POST /api/v1/realms/master/events"});
    EXPECT_EQ(api.tokens(), std::vector<std::string>{"Bearer prk_test"});
    EXPECT_EQ(api.bodies()[0], std::string(R"({"event":"order.paid","resource_id":")") + some_id +
                                   R"(","data":{"total":1.10,"n":12345678901234567890123}})");
}

TEST(cli, publish_takes_batches_in_three_forms) {
    for (const char* input :
         {"{\"event\": 1}\n\n{\"event\": 2}\r\n", "[{\"event\":1}, {\"event\":2}]",
          "{\"events\": [{\"event\":1},{\"event\":2}]}"}) {
        FakeApi api(json_answer(R"({"items":[]})", 202));
        auto ended = api.run({"publish", "--batch", "-", "--realm", "a b"}, input);
        EXPECT_EQ(ended.code, exit_ok) << ended.error;
        EXPECT_EQ(api.asked()[0], "POST /api/v1/realms/a%20b/events/batch");
        EXPECT_EQ(api.bodies()[0], R"({"events":[{"event":1},{"event":2}]})");
    }
    auto ended = run_with({"publish", "--batch", "-"}, {}, "{}\n{\n");
    EXPECT_EQ(ended.code, exit_wrong_usage);
    EXPECT_NE(ended.error.find("line 2"), std::string::npos) << ended.error;
}

TEST(cli, publish_says_when_the_outcome_is_unknown) {
    FakeApi api({.status = 502, .content_type = "text/html", .body = "<h1>", .headers = {}});
    auto ended = api.run({"publish", "a.b"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.error.find("--idempotency-key cli-"), std::string::npos) << ended.error;
    FakeApi refuses(problem(503, R"({"detail":"the server stops","request_id":"r9"})"));
    ended = refuses.run({"publish", "a.b"});
    EXPECT_EQ(ended.error, "postrider: the server stops (request r9)\n");
}

}  // namespace
}  // namespace postrider::cli
