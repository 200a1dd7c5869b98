#include "cli/top_verb.h"

#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/fake_api_test.h"

namespace postrider::cli {
namespace {

constexpr const char* ranked = R"({"items":[
    {"webhook_id":"01930000-0000-7000-8000-000000000001","name":"shop","deleted":false,
     "attempts":{"total":20,"failed":19},"attempt_ms":{},
     "health":{"failing_since":"2026-11-23T18:00:00Z","failures_in_row":7,"waiting":3,
               "waiting_is_more":false,"last_failure":{"status":503,"reason":"status"},
               "last_success_at":null}}],"next_cursor":null})";

http::Response metrics_answer(int events, int fast_commits) {
    return {.status = 200,
            .content_type = "text/plain",
            .body = fmt::format("# HELP postrider_events_accepted_total Events.\n"
                                "postrider_events_accepted_total {0}\n"
                                "postrider_deliveries_ended_total{{state=\"delivered\"}} {0}\n"
                                "postrider_deliveries_ended_total{{state=\"failed\"}} 0\n"
                                "postrider_backlog_deliveries{{state=\"due\"}} 12\n"
                                "postrider_backlog_deliveries{{state=\"scheduled\"}} 3\n"
                                "postrider_backlog_overdue_seconds 90\n"
                                "postrider_commit_duration_seconds_bucket{{le=\"0.0025\"}} {1}\n"
                                "postrider_commit_duration_seconds_bucket{{le=\"0.5\"}} {1}\n"
                                "postrider_commit_duration_seconds_bucket{{le=\"+Inf\"}} {1}\n"
                                "process_resident_memory_bytes 52428800\n",
                                events, fast_commits)};
}

TEST(Top, ReadsSeriesWithTheirLabelsAndLeavesOutTheRest) {
    const auto metrics =
        read_metrics("# TYPE a counter\na 1\nb{x=\"y z\"} 2.5\nhalf\nc nothing\nd{le=\"+Inf\"} 3");
    EXPECT_EQ(metrics.size(), 3u);
    EXPECT_EQ(metrics.at("a"), 1);
    EXPECT_EQ(metrics.at("b{x=\"y z\"}"), 2.5);
    EXPECT_EQ(metrics.at("d{le=\"+Inf\"}"), 3);
}

TEST(Top, ShowsRatesBetweenTwoLooksAndTheWorstWebhooks) {
    FakeApi api(json_answer(ranked));
    api.answer_first({metrics_answer(100, 10), metrics_answer(300, 40)});
    Typed terminal{.answers = {}, .width = 100, .pauses = 1};
    const auto ended = api.run({"top"}, "", &terminal);
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(api.asked().front(), "GET /metrics");
    EXPECT_NE(api.asked().back().find("group_by=webhook"), std::string::npos);
    for (const char* part : {"events ", "12 due, 3 later, one for 2 min", "p99 2.5 ms",
                             "memory 50 MiB", "shop", "95.0 %", "7 × 503"}) {
        EXPECT_NE(ended.out.find(part), std::string::npos) << part << '\n' << ended.out;
    }
}

TEST(Top, GoesWithoutTheServersFiguresWhenTheKeyMayNotSeeThem) {
    FakeApi api(json_answer(ranked));
    api.answer_first({{.status = 403, .body = "{}"}, {.status = 403, .body = "{}"}});
    const auto ended = api.run({"top", "--once"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_NE(ended.out.find("view_metrics"), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("shop"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace postrider::cli
