#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// "Do you mean": the word that is most like a mistyped one.
namespace postrider {

/// How many letters must change, swapping two that are side by side being one change.
std::size_t letters_apart(std::string_view a, std::string_view b);
/// Up to how many changes a word is taken for a slip of `typed`.
std::size_t likeness_max(std::string_view typed);

/// The one of `words` that is most like what was typed; "" when none is.
std::string_view nearest(std::span<const std::string_view> words, std::string_view typed);

/// What is said of a member of a JSON object that is none of `known`: "is unknown; do you mean url?
/// Known are name, url". Knows what other webhook servers call ours.
std::string unknown_member(std::string_view typed, std::span<const std::string_view> known);

}  // namespace postrider
