#include "webhooks/channel_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/encoding.h"
#include "base/json_text.h"

namespace postrider::webhooks {
namespace {

constexpr std::string_view ellipsis = "…";
constexpr std::string_view zero_width = "\u200b";

/// Source: Slack, "Formatting text for app surfaces": these three and no others.
std::string_view entity_of(char c) {
    switch (c) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        default:
            return {};
    }
}

bool formats_in_markdown(char c) {
    constexpr std::string_view signs = "\\`*_{}[]()#+-.!|~";
    return signs.find(c) != std::string_view::npos;
}

void append_escaped(std::string& out, Channel channel, char c) {
    const auto entity = entity_of(c);
    if (channel == Channel::slack) {
        if (entity.empty()) {
            out += c;
        } else {
            out += entity;
        }
        return;
    }
    if (formats_in_markdown(c)) {
        out += '\\';
        out += c;
    } else if (channel == Channel::teams && !entity.empty()) {
        out += entity;
    } else if (!entity.empty()) {
        out += '\\';
        out += c;
        if (c == '<') out += zero_width;
    } else {
        out += c;
        // No backslash keeps a name behind it from being called.
        if (c == '@') out += zero_width;
    }
}

/// The code unit of "\uXXXX" at `at`; nullopt: something else stands there.
std::optional<std::uint32_t> unit_at(std::string_view text, std::size_t at) {
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
    std::uint32_t unit = 0;
    std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16);
    return unit;
}

bool is_high(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

std::string escaped_for(Channel channel, std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (const char c : text) append_escaped(out, channel, c);
    return out;
}

std::string truncated(std::string_view text, std::size_t units) {
    const char* const end = text.data() + text.size();
    std::size_t used = 0;
    std::size_t fits = 0;  // bytes that leave a unit for the ellipsis
    for (const char* at = text.data(); at < end;) {
        const auto size = std::max<std::size_t>(1, utf8_sequence(at, end));
        used += size == 4 ? 2 : 1;
        if (used > units) {
            return std::string(text.substr(0, fits)).append(ellipsis);
        }
        at += size;
        if (used + 1 <= units) fits = static_cast<std::size_t>(at - text.data());
    }
    return std::string(text);
}

std::string clean_text(const events::JsonIndex::Node& string) {
    // Decoding has failed where the text still is what was sent and has escapes.
    const bool is_raw = string.text.data() == string.raw.data() + 1 &&
                        string.text.find('\\') != std::string_view::npos;
    if (!is_raw) return std::string(string.text);
    std::string whole = "\"";
    for (std::size_t at = 0; at < string.text.size();) {
        const auto unit = unit_at(string.text, at);
        const auto next = unit_at(string.text, at + 6);
        if (unit && is_high(*unit) && next && is_low(*next)) {
            whole += string.text.substr(at, 12);
            at += 12;
        } else if (unit && (is_high(*unit) || is_low(*unit))) {
            whole += "\\ufffd";
            at += 6;
        } else {
            const std::size_t size = string.text[at] == '\\' ? 2 : 1;
            whole += string.text.substr(at, size);
            at += size;
        }
    }
    return json::decode_string(whole + "\"").value_or(std::string(string.text));
}

}  // namespace postrider::webhooks
