#pragma once

#include <optional>
#include <string_view>

namespace postrider {

/// What a log line is about: each level has all those after it. Persistent (configuration, log
/// lines).
enum class LogLevel {
    debug,    ///< for who debugs the server: every attempt
    info,     ///< what an operator wants to know: start, stop, a webhook disabled
    warning,  ///< works, but somebody should look
    error,    ///< something was not done
};
std::string_view to_string(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view text);

enum class LogFormat {
    text,  ///< one aligned line for people
    json,  ///< one JSON object a line
};
std::string_view to_string(LogFormat format);
std::optional<LogFormat> parse_log_format(std::string_view text);

}  // namespace postrider
