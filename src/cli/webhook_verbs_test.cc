#include "cli/fake_api_test.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(cli, a_built_in_event_type_is_shown) {
    FakeApi api(json_answer(
        R"({"items":[{"name":"user.created","description":"A user is created.","built_in":true,"example":{"n":1.10}}]})"));
    auto ended = api.run({"event-type", "show", "user.created"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_NE(ended.out.find("\"n\": 1.10"), std::string::npos) << ended.out;
    EXPECT_EQ(api.asked().size(), 1u);
}

TEST(cli, webhook_edit_sends_only_what_was_given) {
    FakeApi api(json_answer(R"({"id":"w","url":"https://h/","events":["*"],"enabled":true})"));
    auto ended = api.run({"webhook", "edit", some_id, "--event", "a.b,c.*", "--event", "d.e", "-H",
                          "X-Key: v: w", "--remove-header", "X-Old", "--timeout", "default",
                          "--retry-schedule", "", "--to", "https://n/"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(
        api.bodies()[0],
        R"({"url":"https://n/","events":["a.b","c.*","d.e"],"headers":{"X-Key":"v: w","X-Old":null},)"
        R"("timeout":null,"retry_schedule":[]})");
}

TEST(cli, authentication_is_set_by_flags_and_removed) {
    FakeApi api(json_answer(R"({"id":"w","url":"https://h/","events":["*"],"enabled":true})"));
    const auto edit = [&](std::vector<std::string> flags) {
        flags.insert(flags.begin(), {"webhook", "edit", some_id});
        auto ended = api.run(flags);
        EXPECT_EQ(ended.code, exit_ok) << ended.error;
        return api.bodies().back();
    };
    EXPECT_EQ(edit({"--basic", "shop:open: sesame"}),
              R"({"authentication":{"type":"basic","username":"shop","password":"open: sesame"}})");
    EXPECT_EQ(edit({"--bearer", "x.y"}), R"({"authentication":{"type":"bearer","token":"x.y"}})");
    EXPECT_EQ(edit({"--no-authentication"}), R"({"authentication":null})");
    EXPECT_EQ(edit({"--oauth2", "https://id/t", "--client-id", "c", "--client-secret", "s",
                    "--scope", "a b"}),
              R"({"authentication":{"type":"oauth2","token_url":"https://id/t","client_id":"c",)"
              R"("client_secret":"s","scope":"a b"}})");
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--basic", "shop"},
                                                  {"--basic", "a:b", "--bearer", "x"},
                                                  {"--client-id", "c"},
                                                  {"--bearer", "x", "--no-authentication"}}) {
        auto all = wrong;
        all.insert(all.begin(), {"webhook", "edit", some_id});
        const auto ended = api.run(all);
        EXPECT_EQ(ended.code, exit_wrong_usage) << ended.error;
        EXPECT_NE(ended.error.find(wrong.front()), std::string::npos) << ended.error;
    }
}

TEST(cli, delivery_show_is_a_readable_block_without_hostile_escapes) {
    FakeApi api(
        json_answer(R"({"id":"d","webhook_id":"w","event_id":"e","event":"a.b","resource_id":"r",
        "state":"failed","reason":"Attempt 1 failed","attempts":1,"created_at":"2026-11-23T18:11:03Z",
        "last_attempt_at":null,"next_attempt_at":null,"finished_at":null,"test":false,"attempts_log":[
        {"number":1,"started_at":"2026-11-23T18:11:03Z","outcome":{"kind":"response",
        "reason":"refused_by_status","detail":"answered 500"},"status":500,
        "request":{"url":"https://h/","headers":{"webhook-id":"e"}},"response":{"headers":[["x-a","1"]],
        "body":"oops \u001b[2J","truncated":true},"peer":"192.0.2.1:443",
        "timings":{"dns_ms":0,"connect_ms":0,"tls_ms":0,"first_byte_ms":2.5,"total_ms":3.04},
        "next_attempt_at":null}]})"));
    auto ended = api.run({"delivery", "show", some_id});
    EXPECT_EQ(ended.code, exit_ok);
    EXPECT_EQ(
        ended.out,
        "Delivery  d\nState     failed\nReason    Attempt 1 failed\nEvent     a.b  e\n"
        "Resource  r\nWebhook   w\nAttempts  1\nCreated   2026-11-23 18:11:03 UTC (1m ago)\n\n"
        "Attempt 1   2026-11-23 18:11:03 UTC (1m ago)\n"
        "  Outcome   refused_by_status 500: answered 500\n"
        "  Request   POST https://h/\n            webhook-id: e\n"
        "  Peer      192.0.2.1:443\n"
        "  Response  HTTP 500\n            x-a: 1\n"
        "  Body      oops \\u001b[2J\n            … (there was more)\n"
        "  Timings   first byte 2.5 ms, total 3.0 ms\n");
}

TEST(cli, webhook_test_fails_when_it_was_not_accepted) {
    FakeApi api(json_answer(R"({"id":"d","state":"failed","attempts_log":[]})"));
    EXPECT_EQ(api.run({"webhook", "test", some_id}).code, exit_failed);
    EXPECT_EQ(api.bodies()[0], "{}");
    FakeApi accepted(json_answer(R"({"id":"d","state":"delivered","attempts_log":[]})"));
    EXPECT_EQ(accepted.run({"webhook", "test", some_id}).code, exit_ok);
}

TEST(WebhookRelease, AllAreReleasedOnceAlsoWhereTheyAreHeldAgainAtOnce) {
    FakeApi api(json_answer(R"({"items":[{"resource_id":"01930000-0000-7000-8000-000000000001",
        "delivery_id":"01930000-0000-7000-8000-000000000002",
        "held_since":"2026-11-23T18:00:00Z"}],"next_cursor":null})"));
    const auto ended =
        api.run({"webhook", "release", "01930000-0000-7000-8000-000000000003", "--all", "--retry"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(ended.out, "released 1 resource\n");
}

}  // namespace
}  // namespace postrider::cli
