#include "telemetry/metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <thread>

#include "telemetry/exposition.h"
#include "telemetry/process.h"

namespace postrider::telemetry {
namespace {

/// The value of the line that begins with `series`; "" when there is none.
std::string value_of(const std::string& text, const std::string& series) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
    }
    return "";
}

TEST(metrics, scrape_shows_what_was_counted) {
    Metrics metrics;
    metrics.events_accepted.add(3);
    metrics.ended(DeliveryState::failed).add();
    metrics.attempt(OutcomeReason::gone).add(2);
    metrics.lanes_behind.add(2);
    metrics.lanes_behind.add(-1);
    metrics.request(204, 1ms);
    metrics.request(599, 2ms);
    auto text = metrics.scrape();
    EXPECT_EQ(value_of(text, "postrider_events_accepted_total"), "3");
    EXPECT_EQ(value_of(text, "postrider_deliveries_ended_total{state=\"failed\"}"), "1");
    EXPECT_EQ(value_of(text, "postrider_deliveries_ended_total{state=\"pending\"}"), "");
    EXPECT_EQ(value_of(text, "postrider_attempts_total{outcome=\"gone\"}"), "2");
    EXPECT_EQ(value_of(text, "postrider_attempts_total{outcome=\"shutting_down\"}"), "0");
    EXPECT_EQ(value_of(text, "postrider_lanes_behind"), "1");
    EXPECT_EQ(value_of(text, "postrider_http_requests_total{status=\"2xx\"}"), "1");
    EXPECT_EQ(value_of(text, "postrider_http_requests_total{status=\"5xx\"}"), "1");
    EXPECT_NE(text.find("# TYPE postrider_attempts_total counter"), std::string::npos);
}

TEST(metrics, histogram_buckets_are_cumulative_and_upper_bounds_belong_to_them) {
    Metrics metrics;
    for (Duration duration :
         {Duration(0), Duration(100us), Duration(101us), Duration(30s), Duration(31s)}) {
        metrics.attempt_duration.observe(duration);
    }
    auto text = metrics.scrape();
    const std::string name = "postrider_attempt_duration_seconds";
    EXPECT_EQ(value_of(text, name + "_bucket{le=\"0.0001\"}"), "2");
    EXPECT_EQ(value_of(text, name + "_bucket{le=\"0.00025\"}"), "3");
    EXPECT_EQ(value_of(text, name + "_bucket{le=\"30\"}"), "4");
    EXPECT_EQ(value_of(text, name + "_bucket{le=\"+Inf\"}"), "5");
    EXPECT_EQ(value_of(text, name + "_count"), "5");
    EXPECT_EQ(std::stod(value_of(text, name + "_sum")), 61.000201);
}

TEST(metrics, every_enumerator_has_its_series) {
    Metrics metrics;
    auto text = metrics.scrape();
    for (std::size_t i = 0; i < Metrics::outcomes; ++i) {
        auto name = std::string(to_string(static_cast<OutcomeReason>(i)));
        EXPECT_NE(value_of(text, "postrider_attempts_total{outcome=\"" + name + "\"}"), "") << name;
    }
    std::set<std::string> seen;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') continue;
        EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
}

TEST(metrics, updates_come_before_each_scrape) {
    Metrics metrics;
    int calls = 0;
    metrics.before_scrape([&](Metrics& all) { all.writer_queue.set(++calls); });
    metrics.scrape();
    EXPECT_EQ(value_of(metrics.scrape(), "postrider_writer_queue"), "2");
}

TEST(metrics, nothing_is_lost_between_threads) {
    Metrics metrics;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 10'000; ++j) {
                metrics.events_accepted.add();
                metrics.attempt_duration.observe(1ms);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    auto text = metrics.scrape();
    EXPECT_EQ(value_of(text, "postrider_events_accepted_total"), "40000");
    EXPECT_EQ(value_of(text, "postrider_attempt_duration_seconds_count"), "40000");
}

TEST(exposition, what_would_end_a_line_or_a_value_is_escaped) {
    Exposition out;
    out.family("a_total", "One \\ two\nthree \"four\".", Exposition::Type::counter);
    out.series("label", "\"\\\n", 1.5);
    out.series(1e15);
    EXPECT_EQ(out.text(),
              "# HELP a_total One \\\\ two\\nthree \"four\".\n# TYPE a_total counter\n"
              "a_total{label=\"\\\"\\\\\\n\"} 1.5\na_total 1000000000000000\n");
}

TEST(process, reads_this_process) {
    auto numbers = process_numbers();
    EXPECT_GT(numbers.resident_bytes, 100'000u);
    EXPECT_GE(numbers.virtual_bytes, numbers.resident_bytes);
    EXPECT_GE(numbers.open_descriptors, 1u);
    EXPECT_GE(numbers.descriptors_max, numbers.open_descriptors);
    EXPECT_GT(numbers.start_time_seconds, 1.6e9);
}

}  // namespace
}  // namespace postrider::telemetry
