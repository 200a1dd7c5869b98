#include "cli/complete.h"

#include <gtest/gtest.h>

#include <fmt/ranges.h>

#include "cli/fake_api_test.h"

namespace postrider::cli {
namespace {

TEST(complete, names_come_from_the_server) {
    struct Row {
        std::vector<std::string> words;
        const char* out;
        const char* asked;
    };
    const std::string realm = "GET /api/v1/realms/master";
    for (const auto& [words, out, asked] : std::initializer_list<Row>{
             {{"webhook", "show", "s"}, "shop\nstore one\n", "/webhooks limit=200"},
             {{"webhooks", "rm", ""}, "billing\nshop\nstore one\n", "/webhooks limit=200"},
             {{"--realm", "acme", "webhook", "show", "b"}, "billing\n", "acme/webhooks limit=200"},
             {{"webhook", "show", "--realm", "=", "acme", "b"}, "billing\n", "acme/webhooks"},
             {{"delivery", "list", "--webhook", "b"}, "billing\n", "/webhooks"},
             {{"webhook", "edit", "x", "--event", "a.b,bi"}, "a.b,billing\n", "/event-types"},
             {{"publish", "bi"}, "billing\n", "/event-types"},
             {{"event-type", "show", "bi"}, "billing\n", "/event-types"},
             {{"webhook", "list", "--realm", "bi"}, "billing\n", "GET /api/v1/realms limit=200"},
             {{"event-type", "create", "bi"}, "", ""},
             {{"realm", "create", "bi"}, "", ""},
             {{"webhook", "show", "x", "bi"}, "", ""},
             {{"webhook", "create", "bi"}, "", ""},
             {{"webhook", "li"}, "", ""},
             {{"nonsense", ""}, "", ""}}) {
        FakeApi api(json_answer(
            R"({"items":[{"name":"shop"},{"name":"store one"},{"name":"billing"},{"name":"b\u001b[2J"},
            {"name":""}],"next_cursor":null})"));
        auto typed = words;
        typed.insert(typed.begin(), "__complete");
        const auto ended = api.run(typed);
        EXPECT_EQ(ended.code, exit_ok);
        EXPECT_EQ(ended.out, out) << fmt::format("{}", fmt::join(words, " "));
        EXPECT_EQ(ended.error, "");
        const auto all = api.asked();
        EXPECT_EQ(all.empty(), std::string_view(asked).empty());
        const auto first = all.empty() ? "" : all[0];
        EXPECT_NE(first.find(asked), std::string::npos) << first;
    }
}

TEST(complete, says_nothing_without_a_server) {
    const auto gone = [] { return FakeApi(json_answer("{}")).url(); }();
    for (const auto& url : {gone, std::string("nonsense")}) {
        const auto ended = run_with({"__complete", "webhook", "show", ""},
                                    {{"POSTRIDER_URL", url}, {"POSTRIDER_TOKEN", "t"}});
        EXPECT_EQ(ended.code, exit_ok);
        EXPECT_EQ(ended.out + ended.error, "");
    }
    FakeApi refuses(problem(401, "{}"));
    EXPECT_EQ(refuses.run({"__complete", "webhook", "show", ""}).error, "");
}

}  // namespace
}  // namespace postrider::cli
