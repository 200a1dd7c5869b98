#include "cli/watch.h"

#include <gtest/gtest.h>

#include "cli/fake_api_test.h"

namespace postrider::cli {
namespace {

http::Response deliveries(std::string items) {
    return json_answer("{\"items\":[" + std::move(items) + "],\"next_cursor\":null}");
}

const std::string one_pending =
    R"({"id":"d1","event":"a.b","state":"pending","created_at":"2026-11-23T18:12:00Z"})";
const std::string one_delivered =
    R"({"id":"d1","event":"a.b","state":"delivered","created_at":"2026-11-23T18:12:00Z"})";
const std::string two =
    R"({"id":"d2","event":"long.event.name","state":"pending","created_at":"2026-11-23T18:12:01Z"})";

/// Runs a verb in a pipe, `pauses` times more after the first.
Ended watch_in_pipe(FakeApi& api, std::vector<std::string> words, std::size_t pauses) {
    Typed typed{.answers = {}, .pauses = pauses};
    words.emplace_back("--watch");
    return run_with(std::move(words), {{"POSTRIDER_URL", api.url()}, {"POSTRIDER_TOKEN", "t"}}, "",
                    {}, &typed, Screen::none);
}

TEST(watch, writes_what_is_new_or_changed_into_a_pipe) {
    FakeApi api(deliveries(two + "," + one_delivered));
    api.answer_first(
        {deliveries(one_pending), deliveries(one_pending), deliveries(two + "," + one_pending)});
    auto ended = watch_in_pipe(api, {"delivery", "list", "-o", "json"}, 4);
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(ended.out, one_pending + "\n" + two + "\n" + one_delivered + "\n");
    EXPECT_EQ(ended.error, "");
    FakeApi events(deliveries(two + "," + one_delivered));
    events.answer_first({deliveries(one_pending), deliveries(two + "," + one_pending)});
    ended = watch_in_pipe(events, {"event", "list"}, 3);
    EXPECT_EQ(std::ranges::count(ended.out, '\n'), 3) << ended.out;
    EXPECT_NE(ended.out.find("d1"), std::string::npos) << ended.out;
    EXPECT_LT(ended.out.find("d1"), ended.out.find("d2")) << ended.out;
}

TEST(watch, goes_on_after_an_answer_that_did_not_come) {
    FakeApi api(deliveries(one_delivered));
    api.answer_first({deliveries(one_pending), problem(503, R"({"detail":"starting"})"),
                      problem(503, R"({"detail":"starting"})")});
    auto ended = watch_in_pipe(api, {"event", "list", "--json"}, 3);
    EXPECT_EQ(ended.out, one_pending + "\n" + one_delivered + "\n");
    EXPECT_EQ(ended.error, "postrider: starting\n") << "once";
    FakeApi refuses(problem(403, R"({"detail":"no"})"));
    EXPECT_EQ(watch_in_pipe(refuses, {"event", "list"}, 3).code, exit_failed);
    EXPECT_EQ(refuses.asked().size(), 1u);
}

TEST(watch, is_one_answer_on_a_terminal) {
    FakeApi api(deliveries(one_delivered));
    api.answer_first({deliveries(one_pending)});
    Typed typed{.answers = {}, .pauses = 1};
    auto ended = api.run({"event", "list", "-w"}, "", &typed);
    const auto second = ended.out.rfind("\x1b[H\x1b[2J");
    EXPECT_NE(second, 0u) << ended.out;
    EXPECT_NE(ended.out.find("ID", second), std::string::npos) << ended.out;
    EXPECT_NE(api.asked()[0].find("limit=21"), std::string::npos) << api.asked()[0];
}

}  // namespace
}  // namespace postrider::cli
