#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/logging.h"

/// The server's log. Never give it a secret: it masks nothing.
namespace postrider::log {

/// One `name=value` of a line. Names are ours: [a-z0-9_]+, and not time, level, area or message.
struct Field {
    Field(std::string_view field, std::string_view text) : name(field), value(text) {}
    Field(std::string_view field, const char* text) : name(field), value(text) {}
    Field(std::string_view field, std::string text) : name(field), value(std::move(text)) {}
    Field(std::string_view field, bool flag)
        : name(field), value(flag ? "true" : "false"), is_literal(true) {}
    template <std::integral Number>
        requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
    Field(std::string_view field, Number number)
        : name(field), value(std::to_string(number)), is_literal(true) {}
    Field(std::string_view field, Duration duration) : name(field), value(text_of(duration)) {}
    /// An id, or whatever else can say what it is.
    template <typename T>
        requires requires(const T& thing) {
            { thing.to_string() } -> std::convertible_to<std::string>;
        }
    Field(std::string_view field, const T& thing) : name(field), value(thing.to_string()) {}

    std::string_view name;
    std::string value;
    bool is_literal = false;  ///< a number, true or false: not a string in JSON

 private:
    static std::string text_of(Duration duration);
};
using Fields = std::initializer_list<Field>;

struct Options {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    /// Takes each line, without its end, on the log's thread; empty: stderr.
    std::function<void(std::string_view)> sink;
};

/// Before start() and after stop() lines of level info and above go to stderr at once, as text.
/// Lines are written by one thread from a queue of limits::log_queue_lines_max, whose oldest is
/// dropped when it is full: logging never waits for a terminal or a disk.
void start(Options options);
/// Writes what waits and ends the thread. Call it last.
void stop();

/// For lines whose making costs something. Thread-safety: any thread.
bool enabled(LogLevel level);

/// One line. `area` is the folder ("delivery"), `message` a fixed sentence without a full stop;
/// what varies is in the fields. Thread-safety: any thread.
void write(LogLevel level, std::string_view area, std::string_view message, Fields fields);
inline void debug(std::string_view area, std::string_view message, Fields fields = {}) {
    write(LogLevel::debug, area, message, fields);
}
inline void info(std::string_view area, std::string_view message, Fields fields = {}) {
    write(LogLevel::info, area, message, fields);
}
inline void warning(std::string_view area, std::string_view message, Fields fields = {}) {
    write(LogLevel::warning, area, message, fields);
}
inline void error(std::string_view area, std::string_view message, Fields fields = {}) {
    write(LogLevel::error, area, message, fields);
}

/// Lines dropped since start() because the queue was full, for /metrics.
std::uint64_t lines_dropped();

}  // namespace postrider::log
