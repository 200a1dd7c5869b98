#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace postrider::json {

/// Checks one JSON text and returns it without the white space between tokens: the same bytes
/// otherwise, so members keep their order, numbers their digits and strings their escapes. Checked:
/// grammar (RFC 8259), depth <= `depth_max`, UTF-8, lone surrogate escapes are allowed as RFC 8259
/// allows them, and no two members of one object with the same decoded name. Nothing after the
/// value. Works in one pass without building a tree. Errors: invalid_argument; the message names
/// the reason and the byte offset.
Result<std::string> compact(std::string_view text, std::size_t depth_max);

/// The members of one JSON object, compacted and checked as `compact` does: names decoded, values
/// as compact JSON text. For envelopes such as a publish, whose `data` must stay bytes.
struct Member {
    std::string name;
    std::string value;
};
Result<std::vector<Member>> split_object(std::string_view text, std::size_t depth_max);

/// The elements of one JSON array, as compact JSON text.
Result<std::vector<std::string>> split_array(std::string_view text, std::size_t depth_max);

/// Decodes a compact JSON string token ("\"a\\u0041\"" → "aA"). Errors: invalid_argument when the
/// value is no string, or has a lone surrogate.
Result<std::string> decode_string(std::string_view value);

}  // namespace postrider::json
