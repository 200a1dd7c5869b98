#include "cli/fake_api_test.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(cli, webhooks_are_found_by_name) {
    FakeApi api(json_answer("", 204));
    api.answer_first(json_answer(std::string(R"({"items":[{"id":"w0","name":"other"},{"id":")") +
                                 some_id + R"(","name":"shop"}],"next_cursor":null})"));
    auto ended = api.run({"webhook", "delete", "shop", "--yes"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(api.asked()[1], std::string("DELETE /api/v1/realms/master/webhooks/") + some_id);
    FakeApi two(json_answer(
        R"({"items":[{"id":"a","name":"x"},{"id":"b","name":"x"}],"next_cursor":null})"));
    EXPECT_NE(two.run({"webhook", "show", "x"}).error.find("more than one"), std::string::npos);
    EXPECT_EQ(two.run({"webhook", "show", "y"}).code, exit_not_found);
}

TEST(cli, part_of_an_id_is_enough) {
    const std::string one = "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071";
    const std::string two = "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f9999";
    const std::string list = fmt::format(
        R"({{"items":[{{"id":"{}","name":"shop"}},{{"id":"{}","name":"billing"}}],"next_cursor":null}})",
        one, two);
    for (const char* typed :
         {"019ab1c2…6071", "019AB1C2..6071", "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f60"}) {
        FakeApi api(json_answer(R"({"id":"x"})"));
        api.answer_first(json_answer(list));
        EXPECT_EQ(api.run({"webhook", "show", typed}).code, exit_ok) << typed;
        EXPECT_EQ(api.asked()[1], "GET /api/v1/realms/master/webhooks/" + one);
    }
    FakeApi api(json_answer(list));
    auto ended = api.run({"webhook", "show", "019ab1c2"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.error.find("fits more than one webhook"), std::string::npos) << ended.error;
    ended = api.run({"webhook", "show", "biling"});
    EXPECT_EQ(ended.code, exit_not_found);
    EXPECT_NE(ended.error.find("do you mean \"billing\"?"), std::string::npos) << ended.error;
    EXPECT_EQ(api.run({"webhook", "show", "019"}).code, exit_not_found) << "three say too little";
    // The beginning of an event's id says when that was.
    EXPECT_EQ(api.run({"event", "show", "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6"}).code, exit_ok);
    EXPECT_EQ(api.asked()[api.asked().size() - 2],
              "GET /api/v1/realms/master/events limit=200 since=2025-11-23T17:28:08.270000Z "
              "until=2025-11-23T17:28:08.271000Z");
    api.run({"event", "explain"});
    EXPECT_EQ(api.asked()[api.asked().size() - 2], "GET /api/v1/realms/master/events limit=1");
    EXPECT_EQ(api.asked().back(), "GET /api/v1/realms/master/events/" + one + "/explain");
}

}  // namespace
}  // namespace postrider::cli
