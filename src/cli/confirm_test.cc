#include "cli/confirm.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cli/fake_api_test.h"

namespace postrider::cli {
namespace {

/// A verb with something for each of its arguments that must be there.
std::vector<std::string> words_of(const Verb& verb) {
    std::vector<std::string> words;
    if (!verb.group.empty()) words.emplace_back(verb.group);
    words.emplace_back(verb.name);
    for (const Argument& argument : verb.arguments) {
        if (argument.count != Argument::Count::required) continue;
        if (argument.is_flag()) words.emplace_back(argument.name);
        words.emplace_back(some_id);
    }
    return words;
}

/// Takes nothing away that the opposite verb does not bring back.
bool can_be_taken_back(const Verb& verb) { return verb.words() == "user unassign"; }

bool takes_away(const std::vector<std::string>& asked) {
    return std::ranges::any_of(asked, [](const std::string& line) {
        return line.starts_with("DELETE") ||
               (line.find("/clients/") != std::string::npos && line.ends_with("/secret/rotate"));
    });
}

TEST(Confirm, NoVerbTakesAnythingAwayUnasked) {
    std::vector<std::string> asking;
    for (const Verb& verb : all_verbs({})) {
        if (verb.needs != Verb::Needs::server || can_be_taken_back(verb)) continue;
        const bool has_yes =
            std::ranges::find(verb.arguments, "--yes", &Argument::name) != verb.arguments.end();
        FakeApi api(json_answer(R"({"items":[],"next_cursor":null})"));
        const auto ended = api.run(words_of(verb));
        EXPECT_FALSE(takes_away(api.asked())) << verb.words();
        if (!has_yes || verb.words() == "user unassign") continue;
        asking.push_back(verb.words());
        EXPECT_EQ(ended.code, exit_wrong_usage) << verb.words();
        EXPECT_NE(ended.error.find("nobody can be asked here, so give --yes"), std::string::npos)
            << ended.error;
        Typed no{.answers = {"n"}};
        EXPECT_EQ(api.run(words_of(verb), "", &no).code, exit_failed) << verb.words();
        EXPECT_EQ(no.questions.size(), 1u) << verb.words();
        EXPECT_FALSE(takes_away(api.asked())) << verb.words();
        auto words = words_of(verb);
        words.emplace_back("--yes");
        static_cast<void>(api.run(words));
        EXPECT_TRUE(takes_away(api.asked())) << verb.words();
    }
    std::ranges::sort(asking);
    EXPECT_EQ(asking, (std::vector<std::string>{"api-key revoke", "client delete",
                                                "client delete-redirect", "client rotate-secret",
                                                "consumer delete", "event-type delete",
                                                "operation cancel", "realm delete", "role delete",
                                                "session end", "user delete", "webhook delete"}));
}

TEST(Confirm, KeysThatGoWithARoleAreAskedFor) {
    FakeApi api(json_answer("", 204));
    const std::vector<std::string> words{"user", "unassign", some_id, some_id, "--revoke-api-keys"};
    EXPECT_EQ(api.run(words).code, exit_wrong_usage);
    EXPECT_TRUE(api.asked().empty());
    Typed yes{.answers = {"y"}};
    EXPECT_EQ(api.run(words, "", &yes).code, exit_ok);
    EXPECT_EQ(yes.questions.front(),
              std::string("Revoke the API keys of user \"") + some_id + "\"? [y/N] ");
    EXPECT_NE(api.asked().back().find("api_keys=revoke"), std::string::npos);
}

TEST(Confirm, SaysWhatComesOfIt) {
    FakeApi api(json_answer("", 204));
    Typed no{.answers = {""}};
    const auto ended = api.run({"session", "end", some_id}, "", &no);
    EXPECT_EQ(ended.out, "Its user has to log in again.\n");
    EXPECT_EQ(ended.error, "postrider: nothing was ended\n");
    EXPECT_EQ(no.questions.front(), std::string("End session \"") + some_id + "\"? [y/N] ");
}

}  // namespace
}  // namespace postrider::cli
