#include "model/logging.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(logging, words_round_trip) {
    for (auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
        EXPECT_EQ(parse_log_level(to_string(level)), level);
    }
    for (auto format : {LogFormat::text, LogFormat::json}) {
        EXPECT_EQ(parse_log_format(to_string(format)), format);
    }
    EXPECT_EQ(parse_log_level("INFO"), std::nullopt);
    EXPECT_EQ(parse_log_format(""), std::nullopt);
}

}  // namespace
}  // namespace postrider
