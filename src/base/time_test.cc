#include "base/time.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(Time, FormatsWithSixDigits) {
    EXPECT_EQ(format_rfc3339(from_micros(0)), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(format_rfc3339(from_micros(1'795'457'523'123'456)), "2026-11-23T18:12:03.123456Z");
    EXPECT_EQ(format_rfc3339(from_micros(951'782'400'000'001)), "2000-02-29T00:00:00.000001Z");
}

TEST(Time, ParsesWhatItFormats) {
    for (std::int64_t micros :
         {-62'167'219'200'000'000L, -14'182'940'000'000L, -1L, 0L, 1L, 999'999L,
          1'795'457'523'123'456L, 951'868'799'999'999L, 253'402'300'799'999'999L}) {
        EXPECT_EQ(parse_rfc3339(format_rfc3339(from_micros(micros))), from_micros(micros));
    }
}

TEST(Time, ParsesRfc3339) {
    const Timestamp expected = from_micros(1'795'457'523'000'000);
    for (const char* text :
         {"2026-11-23T18:12:03Z", "2026-11-23t18:12:03z", "2026-11-23 18:12:03.0Z",
          "2026-11-23T19:12:03+01:00", "2026-11-23T12:42:03.000000000-05:30",
          "2026-11-24T00:00:03+05:48", "2026-11-23T18:12:03-00:00"}) {
        EXPECT_EQ(parse_rfc3339(text), expected) << text;
    }
    EXPECT_EQ(parse_rfc3339("2026-11-23T18:12:03.1234569Z"), expected + 123'456us);
    EXPECT_EQ(parse_rfc3339("2026-11-23T18:12:03.5Z"), expected + 500'000us);
    EXPECT_EQ(parse_rfc3339("1969-07-20T20:17:40Z"), from_micros(-14'182'940'000'000));
    EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(Time, RefusesEverythingElse) {
    for (const char* text : {"",
                             "2026-11-23",
                             "2026-11-23T18:12Z",
                             "2026-11-23T18:12:03",
                             "2026-11-23T18:12:03.Z",
                             "2026-11-23T18:12:03.1234567890Z",
                             "2026-13-01T00:00:00Z",
                             "2026-02-30T00:00:00Z",
                             "2025-02-29T00:00:00Z",
                             "2026-11-23T24:00:00Z",
                             "2026-11-23T18:60:00Z",
                             "2026-11-23T18:12:61Z",
                             "2026-11-23T18:12:03+1:00",
                             "2026-11-23T18:12:03+24:00",
                             "2026-11-23T18:12:03Z ",
                             " 2026-11-23T18:12:03Z",
                             "0000-01-01T00:00:00+00:01",
                             "9999-12-31T23:59:59-00:01",
                             "9999-12-31T23:59:60Z",
                             "-001-01-01T00:00:00Z",
                             "26-11-23T18:12:03Z",
                             "2026-11-23T18:12:03 01:00"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(Duration, ParsesAndFormats) {
    const std::pair<const char*, Duration> rows[] = {{"500ms", 500ms},   {"15s", 15s}, {"5m", 5min},
                                                     {"2h", 2h},         {"1d", 24h},  {"0s", 0s},
                                                     {"1500ms", 1500ms}, {"90s", 90s}};
    for (auto [text, duration] : rows) {
        EXPECT_EQ(parse_duration(text), duration) << text;
        EXPECT_EQ(format_duration(duration), text);
    }
    EXPECT_EQ(format_duration(60s), "1m");
    EXPECT_EQ(format_duration(48h), "2d");
    EXPECT_EQ(format_duration(1234us), "1ms");
    EXPECT_EQ(parse_duration("9999999999s"), std::chrono::seconds{9'999'999'999});
    EXPECT_EQ(parse_duration("106751991d"), std::chrono::days{106'751'991});
    EXPECT_FALSE(parse_duration("106751992d")) << "292,000 years do not fit";
    EXPECT_FALSE(parse_duration("9999999999d"));
    for (const char* bad :
         {"", "s", "5", "5 s", "-5s", "1.5s", "5S", "5min", "12345678901s", "5s "}) {
        EXPECT_FALSE(parse_duration(bad)) << bad;
    }
}

}  // namespace
}  // namespace postrider
