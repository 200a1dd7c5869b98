#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

/// Which texts a name or a description may be. Every one that somebody sets is held against one,
/// because it is shown in terminals, logs and mails.
struct TextRule {
    std::size_t characters_max = 0;
    bool may_have_lines = false;
};

/// Code points of UTF-8.
std::size_t count_characters(std::string_view text);

/// What is wrong with it, to follow the field's name ("has a control character; remove it").
/// nullopt: nothing.
std::optional<std::string> check_text(std::string_view text, const TextRule& rule);

}  // namespace postrider
