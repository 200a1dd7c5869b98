#include "cli/fake_api_test.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(cli, deleting_asks_on_a_terminal) {
    for (const char* answer : {"y", "yes", "n", ""}) {
        FakeApi api(json_answer("", 204));
        api.answer_first(json_answer(R"({"items":[{"id":"1"}],"next_cursor":null})"));
        Typed typed{.answers = {answer}};
        auto ended = api.run({"webhook", "delete", some_id}, "", &typed);
        bool yes = std::string_view(answer).starts_with('y');
        EXPECT_EQ(ended.code, yes ? exit_ok : exit_failed);
        // What goes with it is counted first.
        EXPECT_EQ(api.asked().size(), yes ? 2u : 1u);
        EXPECT_EQ(api.asked()[0],
                  std::string("GET /api/v1/realms/master/deliveries state=pending webhook_id=") +
                      some_id + " limit=200");
        EXPECT_EQ(typed.questions.size(), 1u);
    }
    FakeApi api(json_answer(R"({"name":"acme","items":[{"id":"1"}],"next_cursor":null})"));
    Typed wrong{.answers = {"acne"}};
    auto ended = api.run({"realm", "delete", "acme"}, "", &wrong);
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.out.find("1 webhook, 1 user, 1 role and 1 client"), std::string::npos)
        << ended.out;
    EXPECT_NE(api.asked().back().find("GET"), std::string::npos);
    Typed right{.answers = {"acme"}};
    EXPECT_EQ(api.run({"realm", "delete", "acme"}, "", &right).code, exit_ok);
    EXPECT_EQ(api.asked().back(), "DELETE /api/v1/realms/acme");
}

TEST(cli, a_password_is_asked_for_twice_and_not_shown) {
    FakeApi api(json_answer("", 204));
    Typed same{.answers = {"correct horse", "correct horse"}};
    EXPECT_EQ(api.run({"user", "password", some_id}, "", &same).code, exit_ok);
    EXPECT_EQ(api.bodies().back(), R"({"password":"correct horse"})");
    EXPECT_EQ(same.echoes, (std::vector{Terminal::Echo::off, Terminal::Echo::off}));
    Typed other{.answers = {"correct horse", "correct house"}};
    EXPECT_EQ(api.run({"user", "password", some_id}, "", &other).code, exit_failed);
    EXPECT_EQ(api.asked().size(), 1u);
    EXPECT_EQ(api.run({"user", "password", some_id}, "from a pipe\n").code, exit_ok);
    EXPECT_EQ(api.bodies().back(), R"({"password":"from a pipe"})");
}

}  // namespace
}  // namespace postrider::cli
