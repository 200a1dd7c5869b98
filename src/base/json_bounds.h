#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/json_text.h"
#include "base/result.h"

/// Reading ends where a list is too long, and not behind it: what nobody may have is not worth
/// millions of elements.
namespace postrider::json {

/// How many elements or members a member of the outermost object may have.
struct Bound {
    std::string_view member;
    std::size_t count_max;
};
using Bounds = std::span<const Bound>;

/// As parse() and split_object(). Errors: also invalid_argument with the list's pointer, at the
/// first element too many.
Result<Value> parse(std::string_view text, std::size_t depth_max, Bounds bounds);
Result<std::vector<Member>> split_object(std::string_view text, std::size_t depth_max,
                                         Bounds bounds);

/// A tree of more values is not built: each takes 40 bytes and more, and its text only two.
inline constexpr std::size_t tree_values_max = 64 * 1024;

}  // namespace postrider::json
