#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

/// Text for a terminal: nothing that came from elsewhere may steer it.
namespace postrider::cli {

/// One line: control characters, separators and bidirectional overrides become visible escapes,
/// bytes that are not UTF-8 U+FFFD.
std::string printable(std::string_view text);
/// The same, but line ends and tabs stay.
std::string printable_lines(std::string_view text);

/// Columns that a terminal takes for printable text: 2 for East Asian wide characters and emoji, 0
/// for combining ones.
std::size_t display_width(std::string_view text);
/// At most `width` columns, cut with "…".
std::string truncated(std::string_view text, std::size_t width);

/// "just now", "3m ago", "in 2h", "5d ago".
std::string relative(Timestamp time, Timestamp now);
/// "2026-11-23 18:12:03 UTC (3m ago)".
std::string absolute_and_relative(Timestamp time, Timestamp now);
/// A moment as people type it: RFC 3339, or a duration before now ("2h"). nullopt when it is
/// neither.
std::optional<Timestamp> parse_when(std::string_view text, Timestamp now);

/// A whole number as people type it, from `least` to `most`; nullopt for anything else.
std::optional<std::int64_t> number_in(std::string_view text, std::int64_t least, std::int64_t most);

/// JSON indented by two spaces, numbers and escapes as they are. Requires: valid JSON.
std::string pretty_json(std::string_view json);

enum class Style { plain, heading, good, bad, warning, dim };
/// `text` with the escapes around it, or as it is. Never empty escapes.
enum class Colours { off, on };
std::string paint(std::string_view text, Style style, Colours colours);

}  // namespace postrider::cli
