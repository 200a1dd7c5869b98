#pragma once

#include <span>

#include "config/config.h"

namespace postrider::config {

/// One option and how its text becomes part of a Config; the table is the only list of options.
struct Option {
    OptionSpec spec;
    /// Sets it from what was typed: one text, or several when repeatable.
    /// Errors: invalid_argument, what the value must be, to stand after "--listen \"x\"".
    Result<void> (*set)(Config&, const std::vector<std::string>& values);
    /// What set() would take to say the same; none when the default says it.
    std::vector<std::string> (*get)(const Config&);
    enum class Shape { text, boolean, list } shape;  ///< of its TOML value
    std::string_view example = {};  ///< a value, where there is no default; commas in a list
    /// Gives a running server the value of a configuration that was read again; false: that needs
    /// a start. nullptr: it always does.
    bool (*take)(Config& running, const Config& fresh) = nullptr;
};

std::span<const Option> option_table();
/// nullptr when there is none of that name.
const Option* find_option(std::string_view name);

}  // namespace postrider::config
