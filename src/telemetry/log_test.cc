#include "telemetry/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/uuid.h"
#include "model/ids.h"
#include "model/limits.h"
#include "telemetry/log_change.h"
#include "telemetry/log_line.h"

namespace postrider::log {
namespace {

const Timestamp moment = from_micros(1'795'457'523'123'456);

TEST(log_line, text_is_aligned_and_quotes_what_is_no_word) {
    auto id = *WebhookId::parse("01930000-0000-7000-8000-000000000001");
    EXPECT_EQ(render_text({moment,
                           LogLevel::info,
                           "delivery",
                           "webhook disabled",
                           {{"webhook", id},
                            {"reason", "gone"},
                            {"url", "https://h/?a=b"},
                            {"name", "two words"},
                            {"empty", ""},
                            {"count", 3},
                            {"test", false},
                            {"took", Duration(1500ms)}}}),
              "2026-11-23T18:12:03.123456Z info     delivery   webhook disabled"
              "  webhook=01930000-0000-7000-8000-000000000001  reason=gone  url=\"https://h/?a=b\""
              "  name=\"two words\"  empty=\"\"  count=3  test=false  took=1500ms");
}

TEST(log_line, json_has_types) {
    auto line =
        render_json({moment,
                     LogLevel::warning,
                     "store",
                     "slow \"commit\"",
                     {{"ms", std::int64_t{-7}}, {"ok", true}, {"path", std::string("a\\b")}}});
    EXPECT_EQ(line, R"({"time":"2026-11-23T18:12:03.123456Z","level":"warning","area":"store",)"
                    R"("message":"slow \"commit\"","ms":-7,"ok":true,"path":"a\\b"})");
}

TEST(log_line, hostile_text_forges_nothing) {
    // New lines, escapes of terminals, C1 (U+009B is CSI), separators, bidirectional overrides,
    // broken UTF-8 and a zero byte.
    const std::string hostile_texts[] = {"a\n2026-11-23T18:12:03Z info forged",
                                         "a\r\x1b[2Jb",
                                         "a\xc2\x9b[2Jb\xc2\x85",
                                         "a\xe2\x80\xa8"
                                         "b\xe2\x80\xa9",
                                         "a\xe2\x80\xae"
                                         "drow\xe2\x81\xa6",
                                         "a\xff\xfe\x80",
                                         std::string("a\0b", 3),
                                         "a\"  level=error",
                                         "a\x7f"};
    for (const auto& hostile : hostile_texts) {
        for (auto render : {render_text, render_json}) {
            auto line = render({moment, LogLevel::info, "area", hostile, {{"v", hostile}}});
            for (unsigned char c : line) {
                EXPECT_GE(c, 0x20) << line;
                EXPECT_NE(c, 0x7f) << line;
            }
            for (const char* bad : {"\xc2\x9b", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9",
                                    "\xe2\x80\xae", "\xe2\x81\xa6", "\xff"}) {
                EXPECT_EQ(line.find(bad), std::string::npos) << line;
            }
        }
        auto parsed =
            json::parse(render_json({moment, LogLevel::info, "area", "m", {{"v", hostile}}}));
        ASSERT_TRUE(parsed) << hostile;
        EXPECT_EQ(parsed->as_object()->size(), 5u);
        auto text = render_text({moment, LogLevel::info, "area", "m", {{"v", hostile}}});
        EXPECT_NE(text.find("  v=\"a"), std::string::npos) << text;
        EXPECT_TRUE(text.ends_with('"')) << text;
    }
}

TEST(log_line, plain_unicode_stays) {
    EXPECT_NE(render_text({moment, LogLevel::info, "a", "é 日本 😀", {}}).find("é 日本 😀"),
              std::string::npos);
}

TEST(log_line, long_values_are_cut_between_characters) {
    std::string value;
    while (value.size() < 2 * limits::log_value_bytes_max) value += "é";
    auto line = render_json({moment, LogLevel::info, "a", "m", {{"v", value}}});
    EXPECT_LT(line.size(), limits::log_value_bytes_max + 200);
    auto parsed = json::parse(line);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->find("v")->as_string()->ends_with("é…"));
}

TEST(log, writes_what_waits_before_it_stops_and_honours_the_level) {
    std::vector<std::string> lines;
    start({.level = LogLevel::warning,
           .format = LogFormat::json,
           .sink = [&](std::string_view line) { lines.emplace_back(line); }});
    EXPECT_FALSE(enabled(LogLevel::info));
    for (int i = 0; i < 100; ++i) {
        info("test", "not this");
        warning("test", "this", {{"i", i}});
    }
    error("test", "and this");
    stop();
    ASSERT_EQ(lines.size(), 101u);
    EXPECT_NE(lines[99].find("\"i\":99"), std::string::npos);
    EXPECT_EQ(lines_dropped(), 0u);
}

TEST(log, level_format_and_sink_change_between_two_lines) {
    std::vector<std::string> before, after;
    const auto to = [](std::vector<std::string>& lines) {
        return [&lines](std::string_view line) { lines.emplace_back(line); };
    };
    start({.level = LogLevel::warning, .format = LogFormat::text, .sink = to(before)});
    info("test", "left out");
    warning("test", "one");
    change({.level = LogLevel::info, .format = LogFormat::json, .sink = to(after)});
    ASSERT_EQ(before.size(), 1u) << "it is written by then";
    info("test", "two");
    stop();
    EXPECT_TRUE(before[0].ends_with("one")) << before[0];
    ASSERT_EQ(after.size(), 1u);
    EXPECT_TRUE(json::parse(after[0])) << after[0];
    EXPECT_EQ(lines_dropped(), 0u);
}

TEST(log, a_stuck_sink_blocks_nobody) {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    start({.level = LogLevel::info, .format = LogFormat::text, .sink = [&](std::string_view) {
               std::unique_lock lock(mutex);
               changed.wait(lock, [&] { return open; });
           }});
    // With a sink that does not return, this ends only because the oldest lines are dropped.
    const std::size_t more = 100;
    for (std::size_t i = 0; i < limits::log_queue_lines_max + 1 + more; ++i) info("test", "line");
    EXPECT_GE(lines_dropped(), more - 1);
    {
        std::lock_guard lock(mutex);
        open = true;
    }
    changed.notify_all();
    stop();
    EXPECT_GE(lines_dropped(), more - 1) << "still known afterwards";
}

TEST(log, any_thread_may_write) {
    std::atomic<bool> done = false;
    std::atomic<int> seen = 0;
    start({.level = LogLevel::info, .format = LogFormat::text, .sink = [&](std::string_view) {
               ++seen;
           }});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            while (!done) debug("test", "off");
            for (int j = 0; j < 50; ++j) info("test", "line", {{"j", j}});
        });
    }
    done = true;
    for (auto& thread : threads) thread.join();
    stop();
    EXPECT_EQ(seen, 200);
}

}  // namespace
}  // namespace postrider::log
