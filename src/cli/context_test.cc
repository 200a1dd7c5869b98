#include "cli/fake_api_test.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(cli, problems_are_a_sentence_for_each_field) {
    FakeApi api(
        problem(422, R"({"title":"t","detail":"2 fields are wrong","request_id":"r1","errors":[
        {"pointer":"#/url","detail":"must be absolute"},{"pointer":"#/events/0","detail":"is unknown"}]})"));
    auto ended = api.run({"webhook", "create", "x"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_EQ(ended.error,
              "postrider: URL: must be absolute\npostrider: --event, number 1: is unknown\n");
    EXPECT_EQ(ended.out, "");
}

TEST(cli, not_found_is_three_and_nobody_there_one) {
    FakeApi api(problem(404, R"({"detail":"there is no such event"})"));
    auto ended = api.run({"event", "show", some_id});
    EXPECT_EQ(ended.code, exit_not_found);
    EXPECT_EQ(ended.error, "postrider: there is no such event\n");
    auto url = "http://127.0.0.1:" + std::to_string([] {
                   FakeApi gone(json_answer("{}"));
                   return gone.port();
               }());
    ended = run_with({"realm", "list", "--url", url, "--token", "t"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.error.find("cannot connect"), std::string::npos) << ended.error;
    EXPECT_NE(ended.error.find("is `postrider serve` running at " + url + "?"), std::string::npos)
        << ended.error;
}

TEST(cli, the_token_file_goes_to_this_machine_only) {
    std::string folder = testing::TempDir() + "postrider_cli_XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::ofstream(folder + "/admin-token") << "prk_file\n";
    FakeApi api(json_answer(R"({"items":[],"next_cursor":null})"));
    auto url = "http://127.0.0.1:" + std::to_string(api.port());
    EXPECT_EQ(run_with({"realm", "list", "--url", url}, {{"POSTRIDER_DATA", folder}}).code,
              exit_ok);
    EXPECT_EQ(api.tokens()[0], "Bearer prk_file");

    std::istringstream in;
    std::ostringstream out;
    ManualClock clock;
    SeededRandom random(1);
    Context elsewhere(
        {.in = in, .out = out, .error = out},
        [&](const char* name) {
            return name == std::string("POSTRIDER_DATA") ? folder.c_str() : nullptr;
        },
        clock, random);
    Given given;
    given.add("--url", "https://hooks.example.com");
    ASSERT_TRUE(elsewhere.connect(given));
    EXPECT_EQ(elsewhere.connection().client.token, "");
    given.add("--data-dir", folder);
    ASSERT_TRUE(elsewhere.connect(given));
    EXPECT_EQ(elsewhere.connection().client.token, "prk_file") << "when it is asked for by name";
    ::unlink((folder + "/admin-token").c_str());
    ::rmdir(folder.c_str());
}

TEST(cli, output_is_a_table_json_or_names) {
    const std::string list =
        R"({"items":[{"id":"019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071","webhook_id":"w","event":"order.paid",
        "state":"failed","attempts":3,"created_at":"2026-11-23T18:11:03Z","next_attempt_at":null,
        "last_outcome":{"reason":"refused_by_status","status":503}}],"next_cursor":null})";
    FakeApi api(json_answer(list));
    EXPECT_EQ(api.run({"delivery", "list", "-o", "name"}).out,
              "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071\n");
    Typed terminal;
    auto narrow = api.run({"delivery", "list"}, "", &terminal);
    EXPECT_NE(narrow.out.find("019ab1c2…6071"), std::string::npos) << narrow.out;
    EXPECT_NE(narrow.out.find("503 refused"), std::string::npos) << narrow.out;
    EXPECT_EQ(narrow.out.find("TRIES"), std::string::npos) << narrow.out;
    std::istringstream lines(narrow.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80u) << line;
    auto wide = api.run({"delivery", "list", "-o", "wide"}, "", &terminal);
    EXPECT_NE(wide.out.find("019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071"), std::string::npos);
    EXPECT_NE(wide.out.find("TRIES"), std::string::npos) << wide.out;
    FakeApi one(json_answer(R"({"id":"w1","secret":"whsec_x","events":["*"],"url":"https://h/"})"));
    EXPECT_EQ(one.run({"webhook", "create", "https://h/", "-o", "name"}).out, "w1\n");
    EXPECT_EQ(one.run({"webhook", "secret", some_id}).out, "whsec_x\n");
}

TEST(cli, lists_follow_cursors_and_keep_the_apis_bytes) {
    FakeApi api(json_answer(R"({"items":[{"id":"2","data":{"n":1.10}}],"next_cursor":null})"));
    api.answer_first(json_answer(R"({"items":[{"id":"1","data":{}}],"next_cursor":"c&1"})"));
    auto ended = api.run({"event", "list", "--all", "--json", "--since", "1h", "--event", "a.b"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(ended.out,
              "{\"items\":[{\"id\":\"1\",\"data\":{}},{\"id\":\"2\",\"data\":{\"n\":1.10}}],"
              "\"next_cursor\":null}\n");
    EXPECT_EQ(
        api.asked()[1],
        "GET /api/v1/realms/master/events event=a.b since=2026-11-23T17:12:03.000000Z limit=200 "
        "cursor=c&1");
    FakeApi page(
        json_answer(R"({"items":[{"id":"1","name":"n","enabled":false,"disabled_reason":"gone",
        "events":["a.b","c.*"],"url":"https://h/","updated_at":"2026-11-23T18:10:03.000000Z"}],
        "next_cursor":"next"})"));
    ended = page.run({"webhook", "list", "--limit", "1"});
    EXPECT_EQ(ended.out,
              "ID  NAME  STATE           EVENTS    URL         CHANGED\n"
              "1   n     disabled: gone  a.b, c.*  https://h/  2m ago\n");
    EXPECT_EQ(ended.error, "there are more: --all, or --cursor next\n");
}

}  // namespace
}  // namespace postrider::cli
