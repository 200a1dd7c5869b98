#include <gtest/gtest.h>

#include "cli/fake_api_test.h"

namespace postrider::cli {
namespace {

http::Response nothing() { return json_answer(R"({"items":[],"next_cursor":null})"); }

TEST(List, SaysInWordsThatThereIsNothing) {
    struct Row {
        std::vector<std::string> words;
        const char* says;
    };
    const std::string user = some_id;
    for (const auto& [words, says] : std::initializer_list<Row>{
             {{"webhook", "list"}, "there are no webhooks in realm master"},
             {{"event", "list", "--event", "user.created"},
              "there are no events of that kind in realm master"},
             {{"delivery", "list", "--state", "failed", "--realm", "acme"},
              "there are no deliveries of that kind in realm acme"},
             {{"user", "list", "--username", "ada"}, "there are no users of that kind in realm"},
             {{"user", "roles", user}, "there are no roles\n"},
             {{"client", "redirects", user}, "there are no redirect URIs\n"},
             {{"api-key", "list"}, "there are no API keys in realm master"},
             {{"session", "list"}, "there are no sessions in realm master"},
             {{"operation", "list"}, "there are no operations in realm master"},
             {{"audit", "list"}, "there are no changes in realm master"},
             {{"consumer", "list"}, "there are no consumers in realm master"},
             {{"statistics", "--since", "1h"},
              "no webhook of realm master was sent anything in this time"}}) {
        FakeApi api(nothing());
        const auto ended = api.run(words);
        EXPECT_EQ(ended.code, exit_ok) << ended.error;
        EXPECT_EQ(ended.out, "");
        EXPECT_NE(ended.error.find(says), std::string::npos) << ended.error;
    }
}

TEST(List, EveryListSaysWhatThereIsNothingOf) {
    for (const Verb& verb : all_verbs({})) {
        const bool pages =
            std::ranges::find(verb.arguments, "--cursor", &Argument::name) != verb.arguments.end();
        if (!pages) continue;
        FakeApi api(nothing());
        std::vector<std::string> words;
        if (!verb.group.empty()) words.emplace_back(verb.group);
        words.emplace_back(verb.name);
        for (const Argument& argument : verb.arguments) {
            if (argument.count == Argument::Count::required) words.emplace_back(some_id);
        }
        const auto ended = api.run(words);
        EXPECT_EQ(ended.code, exit_ok) << verb.words() << ended.error;
        EXPECT_EQ(ended.error.find("things"), std::string::npos) << verb.words() << ended.error;
    }
}

TEST(List, AFlagThatItDoesNotTakeIsAnsweredWithThoseThatItTakes) {
    EXPECT_EQ(run_with({"webhook", "list", "--enbled"}).error,
              "postrider: webhook list does not take --enbled; it takes --limit, --cursor, --all, "
              "--watch; see postrider webhook list --help\n");
    EXPECT_EQ(run_with({"user", "list", "--usrname", "ada"}).error,
              "postrider: user list does not take --usrname; do you mean --username?\n");
    EXPECT_EQ(run_with({"delivery", "list", "--sate=failed"}).error,
              "postrider: delivery list does not take --sate; do you mean --state?\n");
    EXPECT_EQ(run_with({"delivery", "list", "--webhook"}).error,
              "postrider: --webhook needs a value, WEBHOOK: only to this one: its id or name; see "
              "postrider delivery list --help\n");
    EXPECT_EQ(run_with({"webhook", "list", "--limt", "5"}).error,
              "postrider: webhook list does not take --limt; do you mean --limit?\n");
}

TEST(Statistics, RanksWebhooksBySharesThatFail) {
    FakeApi api(json_answer(R"({"items":[
        {"webhook_id":"01930000-0000-7000-8000-000000000001","name":"shop","deleted":false,
         "attempts":{"total":2000,"failed":1999},"attempt_ms":{"p50":12.4,"p99":30},
         "health":{"failing_since":"2026-11-23T18:00:00Z","failures_in_row":7,"waiting":3,
                   "waiting_is_more":true,"last_failure":{"status":503,"reason":"status"},
                   "last_success_at":"2026-11-23T18:00:00Z"}},
        {"webhook_id":"01930000-0000-7000-8000-000000000002","name":"","deleted":true,
         "attempts":{"total":3,"failed":0},"attempt_ms":{},
         "health":{"failing_since":null,"failures_in_row":0,"waiting":0,"waiting_is_more":false,
                   "last_failure":null,"last_success_at":null}}],"next_cursor":null})"));
    const auto ended = api.run({"statistics", "--since", "2h"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(
        api.asked().back(),
        "GET /api/v1/realms/master/statistics since=2026-11-23T16:12:03.000000Z group_by=webhook");
    for (const char* cell : {"99.9 %", "7 × 503", "3+", "(deleted)", "0.0 %", "12 ms", "30 ms"}) {
        EXPECT_NE(ended.out.find(cell), std::string::npos) << cell << '\n' << ended.out;
    }
    // At a terminal the rest is for -o wide.
    Typed terminal{.answers = {}, .width = 80};
    const auto narrow = api.run({"statistics"}, "", &terminal);
    EXPECT_EQ(narrow.out.find("12 ms"), std::string::npos) << narrow.out;
    std::istringstream lines(narrow.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80u) << line;
}

TEST(Statistics, OverTimeLeavesOutTimesInWhichNothingWas) {
    FakeApi api(json_answer(R"({"spans":[
        {"since":"2026-11-23T17:00:00Z","attempts":{"total":0},"deliveries":{}},
        {"since":"2026-11-23T18:00:00Z","attempts":{"total":4,"failed":1,"status_5xx":1},
         "attempt_ms":{"p99":8.6},"deliveries":{"delivered":3}}]})"));
    const auto ended = api.run({"statistics", "--webhook", some_id, "--resolution", "1h"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(api.asked().back(), std::string("GET /api/v1/realms/master/statistics webhook_id=") +
                                      some_id + " resolution=1h");
    EXPECT_EQ(ended.out.find("17:00"), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("18:00"), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("9 ms"), std::string::npos) << ended.out;
    FakeApi empty(json_answer(R"({"spans":[]})"));
    EXPECT_EQ(empty.run({"statistics", "--over-time"}).out,
              "Nothing was attempted in this time.\n");
}

TEST(Search, LeadsToThingsByNameOrId) {
    FakeApi api(json_answer(R"({"items":[
        {"kind":"user","id":"01930000-0000-7000-8000-000000000001","name":"ada","detail":"ada@example.com"},
        {"kind":"event_type","id":null,"name":"order.paid","detail":""}],"more":true})"));
    const auto ended = api.run({"search", "ad a", "--kinds", "user,event_type", "--limit", "2"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(api.asked().back(),
              "GET /api/v1/realms/master/search q=ad a kinds=user,event_type limit=2");
    for (const char* cell : {"ada@example.com", "order.paid", "event_type", some_id}) {
        EXPECT_NE(ended.out.find(cell), std::string::npos) << cell << '\n' << ended.out;
    }
    EXPECT_EQ(ended.error, "postrider: there are more: type more of it, or name --kinds\n");
    // For scripts: ids, and the names of what has none.
    EXPECT_EQ(api.run({"search", "ad", "-o", "name"}).out, std::string(some_id) + "\norder.paid\n");
    EXPECT_NE(api.run({"search", "ad", "--json"}).out.find(R"("more":true)"), std::string::npos);
}

TEST(Search, SaysWhatWasNotFoundWhere) {
    FakeApi api(json_answer(R"({"items":[],"more":false})"));
    const auto ended = api.run({"search", "nobody", "--realm", "acme"});
    EXPECT_EQ(ended.code, exit_ok);
    EXPECT_EQ(ended.error,
              "postrider: realm acme has no id, name, e-mail address or URL with \"nobody\" that "
              "you may look at\n");
}

}  // namespace
}  // namespace postrider::cli
