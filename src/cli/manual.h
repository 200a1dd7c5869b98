#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"

namespace postrider::cli {

/// postrider(1), made of the table of verbs. Source: man(7), the macros that every reader has.
std::string manual_page(const std::vector<Verb>& verbs);
/// postrider.toml(5), made of the table of options.
std::string configuration_page();

}  // namespace postrider::cli
