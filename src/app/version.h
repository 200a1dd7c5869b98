#pragma once

#include <string>
#include <string_view>

namespace postrider::app {

inline constexpr std::string_view version = POSTRIDER_VERSION;

/// The commit that this was built from, "2ac5ed9d7532"; with "-dirty" when files were changed after
/// it; "unknown" without git. Made by cmake/commit.cmake.
std::string_view commit();

/// What `--version` says after the program's name:
/// "0.1.0 (commit 2ac5ed9d7532, store version 41)".
std::string version_text();

}  // namespace postrider::app
