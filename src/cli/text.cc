#include "cli/text.h"

#include <charconv>

#include <fmt/format.h>

#include <iterator>

#include "base/json.h"

namespace postrider::cli {
namespace {

struct Range {
    unsigned first, last;
};

bool is_in(unsigned code_point, std::initializer_list<Range> ranges) {
    for (auto range : ranges) {
        if (code_point >= range.first && code_point <= range.last) return true;
    }
    return false;
}

/// Reads one code point of valid UTF-8 at `at`, and moves it on.
unsigned next_code_point(std::string_view text, std::size_t& at) {
    auto byte = [&](std::size_t i) {
        return static_cast<unsigned>(static_cast<unsigned char>(text[i]));
    };
    unsigned first = byte(at++);
    if (first < 0x80) return first;
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    unsigned code_point = first & (0x3fu >> more);
    for (; more > 0 && at < text.size(); --more) code_point = code_point << 6 | (byte(at++) & 0x3f);
    return code_point;
}

/// C0, C1, zero-width, separators, bidirectional control: they steer instead of showing.
bool steers(unsigned c) {
    return c < 0x20 || is_in(c, {{0x7f, 0x9f},
                                 {0x200b, 0x200f},
                                 {0x2028, 0x202e},
                                 {0x2060, 0x206f},
                                 {0xfeff, 0xfeff},
                                 {0xfff9, 0xfffb},
                                 {0xe0000, 0xe007f}});
}

std::size_t width_of(unsigned c) {
    if (is_in(c, {{0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}})) return 0;
    return is_in(c, {{0x1100, 0x115f},
                     {0x2e80, 0x303e},
                     {0x3041, 0x33ff},
                     {0x3400, 0x4dbf},
                     {0x4e00, 0x9fff},
                     {0xa000, 0xa4cf},
                     {0xac00, 0xd7a3},
                     {0xf900, 0xfaff},
                     {0xfe30, 0xfe6f},
                     {0xff00, 0xff60},
                     {0xffe0, 0xffe6},
                     {0x1f300, 0x1f64f},
                     {0x1f680, 0x1f6ff},
                     {0x1f900, 0x1f9ff},
                     {0x20000, 0x3fffd}})
               ? 2
               : 1;
}

std::string valid_utf8(std::string_view text) {
    std::string quoted;
    json::append_string(quoted, text);
    auto parsed = json::parse(quoted);
    const std::string* value = parsed ? parsed->as_string() : nullptr;
    return value == nullptr ? std::string() : *value;
}

template <typename Keep>
std::string escaped(std::string_view raw, Keep keep) {
    std::string text = valid_utf8(raw);
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t begin = at;
        unsigned c = next_code_point(text, at);
        if (!steers(c) || keep(c)) {
            out.append(text, begin, at - begin);
        } else if (c == '\n' || c == '\t' || c == '\r') {
            out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
        } else {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
        }
    }
    return out;
}

}  // namespace

std::string printable(std::string_view text) {
    return escaped(text, [](unsigned) { return false; });
}

std::string printable_lines(std::string_view text) {
    return escaped(text, [](unsigned c) { return c == '\n' || c == '\t'; });
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) width += width_of(next_code_point(text, at));
    return width;
}

std::string truncated(std::string_view text, std::size_t width) {
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::size_t used = 0, at = 0;
    while (at < text.size()) {
        std::size_t next = at;
        std::size_t wide = width_of(next_code_point(text, next));
        if (used + wide > width - 1) break;
        used += wide;
        at = next;
    }
    return std::string(text.substr(0, at)) + "…";
}

std::string relative(Timestamp time, Timestamp now) {
    bool future = time > now;
    auto span = std::chrono::duration_cast<std::chrono::seconds>(future ? time - now : now - time);
    auto seconds = span.count();
    if (seconds < 1) return future ? "now" : "just now";
    std::string text = seconds < 60             ? fmt::format("{}s", seconds)
                       : seconds < 3600         ? fmt::format("{}m", seconds / 60)
                       : seconds < 86'400       ? fmt::format("{}h", seconds / 3600)
                       : seconds < 730 * 86'400 ? fmt::format("{}d", seconds / 86'400)
                                                : fmt::format("{}y", seconds / (365 * 86'400));
    return future ? "in " + text : text + " ago";
}

std::string absolute_and_relative(Timestamp time, Timestamp now) {
    auto text = format_rfc3339(time);
    return fmt::format("{} {} UTC ({})", text.substr(0, 10), text.substr(11, 8),
                       relative(time, now));
}

std::optional<Timestamp> parse_when(std::string_view text, Timestamp now) {
    if (auto time = parse_rfc3339(text)) return time;
    auto before = parse_duration(text);
    if (!before || now.time_since_epoch() < *before) return std::nullopt;
    return now - *before;
}

std::optional<std::int64_t> number_in(std::string_view text, std::int64_t least,
                                      std::int64_t most) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number >= least && number <= most ? std::optional(number) : std::nullopt;
}

std::string pretty_json(std::string_view json) {
    std::string out;
    std::size_t depth = 0;
    bool in_string = false;
    auto new_line = [&] { out += '\n' + std::string(2 * depth, ' '); };
    for (std::size_t at = 0; at < json.size(); ++at) {
        char c = json[at];
        if (in_string) {
            out += c;
            if (c == '\\' && at + 1 < json.size()) out += json[++at];
            if (c == '"') in_string = false;
            continue;
        }
        switch (c) {
            case ' ':
            case '\t':
            case '\n':
            case '\r':
                break;
            case '"':
                in_string = true;
                out += c;
                break;
            case '{':
            case '[': {
                out += c;
                auto next = json.find_first_not_of(" \t\r\n", at + 1);
                if (next != std::string_view::npos && (json[next] == '}' || json[next] == ']')) {
                    out += json[next];
                    at = next;
                } else {
                    ++depth;
                    new_line();
                }
                break;
            }
            case '}':
            case ']':
                if (depth > 0) --depth;
                new_line();
                out += c;
                break;
            case ',':
                out += c;
                new_line();
                break;
            case ':':
                out += ": ";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string paint(std::string_view text, Style style, Colours colours) {
    std::string_view code;
    switch (style) {
        case Style::plain:
            break;
        case Style::heading:
            code = "1";
            break;
        case Style::good:
            code = "32";
            break;
        case Style::bad:
            code = "31";
            break;
        case Style::warning:
            code = "33";
            break;
        case Style::dim:
            code = "2";
            break;
    }
    if (code.empty() || colours == Colours::off || text.empty()) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace postrider::cli
