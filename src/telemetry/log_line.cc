#include "telemetry/log_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "model/limits.h"

namespace postrider::log {
namespace {

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

/// Whether a terminal or a log viewer may take the character for more than a sign: DEL, C1
/// controls, line and paragraph separators, bidirectional marks, embeddings and isolates,
/// zero-width ones.
bool is_treacherous(unsigned code_point) {
    return (code_point >= 0x7f && code_point <= 0x9f) ||
           (code_point >= 0x200b && code_point <= 0x200f) ||
           (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2060 && code_point <= 0x206f) || code_point == 0xfeff;
}

/// `text` as a JSON string with its quotes, in which the treacherous characters are escaped too.
std::string quote(std::string_view text) {
    std::string shortened;
    if (text.size() > limits::log_value_bytes_max) {
        std::size_t end = limits::log_value_bytes_max;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
        shortened = std::string(text.substr(0, end)) + "…";
        text = shortened;
    }
    std::string json;
    json::append_string(json, text);
    if (is_plain(json)) return json;
    std::string out;
    for (std::size_t at = 0; at < json.size();) {
        auto byte = [&](std::size_t offset) {
            return static_cast<unsigned char>(json[at + offset]);
        };
        // append_string leaves valid UTF-8, so every sequence is whole.
        unsigned first = byte(0);
        std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        unsigned code_point = first;
        if (length == 2) code_point = (first & 0x1fu) << 6 | (byte(1) & 0x3fu);
        if (length == 3) {
            code_point = (first & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
        }
        if (length < 4 && is_treacherous(code_point)) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", code_point);
        } else {
            out.append(json, at, length);
        }
        at += length;
    }
    return out;
}

/// A word as it is, anything else in quotes.
void append_value(std::string& out, std::string_view text) {
    bool word = !text.empty() && text.size() <= limits::log_value_bytes_max && is_plain(text) &&
                text.find_first_of(" \"=\\") == std::string_view::npos;
    if (word) {
        out += text;
    } else {
        out += quote(text);
    }
}

/// A sentence without the quotes around it.
void append_sentence(std::string& out, std::string_view text) {
    if (is_plain(text) && text.size() <= limits::log_value_bytes_max) {
        out += text;
        return;
    }
    auto quoted = quote(text);
    out.append(quoted, 1, quoted.size() - 2);
}

}  // namespace

std::string Field::text_of(Duration duration) { return format_duration(duration); }

std::string render_text(const Line& line) {
    std::string out = format_rfc3339(line.time);
    fmt::format_to(std::back_inserter(out), " {:<7}  {:<9}  ", to_string(line.level), line.area);
    append_sentence(out, line.message);
    for (const auto& field : line.fields) {
        out += "  ";
        out += field.name;
        out += '=';
        append_value(out, field.value);
    }
    return out;
}

std::string render_json(const Line& line) {
    std::string out = "{\"time\":\"" + format_rfc3339(line.time) + "\",\"level\":\"";
    out += to_string(line.level);
    out += "\",\"area\":";
    out += quote(line.area);
    out += ",\"message\":";
    out += quote(line.message);
    for (const auto& field : line.fields) {
        fmt::format_to(std::back_inserter(out), ",\"{}\":", field.name);
        out += field.is_literal ? field.value : quote(field.value);
    }
    out += '}';
    return out;
}

}  // namespace postrider::log
