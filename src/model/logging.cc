#include "model/logging.h"

namespace postrider {

std::string_view to_string(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "";
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
    for (auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
        if (text == to_string(level)) return level;
    }
    return std::nullopt;
}

std::string_view to_string(LogFormat format) { return format == LogFormat::text ? "text" : "json"; }

std::optional<LogFormat> parse_log_format(std::string_view text) {
    for (auto format : {LogFormat::text, LogFormat::json}) {
        if (text == to_string(format)) return format;
    }
    return std::nullopt;
}

}  // namespace postrider
