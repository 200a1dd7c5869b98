#include "model/text_rule.h"

#include <fmt/format.h>

#include <algorithm>

namespace postrider {

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::optional<std::string> check_text(std::string_view text, const TextRule& rule) {
    const auto is_bad = [&](char c) {
        if (rule.may_have_lines && (c == '\n' || c == '\t' || c == '\r')) return false;
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    };
    if (std::ranges::any_of(text, is_bad)) return "has a control character; remove it";
    if (const auto count = count_characters(text); count > rule.characters_max) {
        return fmt::format("has {} characters; at most {} are allowed", count, rule.characters_max);
    }
    return std::nullopt;
}

}  // namespace postrider
