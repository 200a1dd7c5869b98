#pragma once

#include <string>

#include "telemetry/log.h"

namespace postrider::log {

/// What one line says.
struct Line {
    Timestamp time;
    LogLevel level = LogLevel::info;
    std::string_view area;
    std::string_view message;
    Fields fields;
};

/// The bytes of the line, without its end: one line whatever is in it, valid UTF-8, no control,
/// separator or bidirectional-override characters; values cut at limits::log_value_bytes_max.
///
///     2026-11-23T18:12:03.123456Z info     delivery   webhook disabled  webhook=0193…  reason=gone
///     {"time":"2026-…","level":"info","area":"delivery","message":"webhook
///     disabled","webhook":"0193…"}
std::string render_text(const Line& line);
std::string render_json(const Line& line);

}  // namespace postrider::log
