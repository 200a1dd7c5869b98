#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postrider::config {

/// One `key = value` of a flat TOML file. A list has a value for each element; strings, whole
/// numbers and booleans are given as text.
struct TomlEntry {
    std::string key;
    std::vector<std::string> values;
    bool is_list = false;
    bool is_boolean = false;
    unsigned line = 0;
    std::string mistake = {};  ///< "must be …", when it is none of these; there are no values, then
};

/// Reads a TOML document that has no tables: our options are flat.
/// An entry that is no option's says so itself, so that all of them are found at once.
/// Errors: invalid_argument, "NAME, line N: why": it is no TOML. Source: TOML 1.0.
Result<std::vector<TomlEntry>> read_toml(std::string_view text, std::string_view name);

}  // namespace postrider::config
