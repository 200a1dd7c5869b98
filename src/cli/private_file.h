#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace postrider::cli {

/// What becomes of a file that is there already.
enum class Existing {
    refused,   ///< the write fails
    replaced,  ///< at once and whole: a crash leaves the old file or the new one
};

/// Writes a file for its owner alone (mode 0600). Errors: unavailable, one sentence with the path.
Result<void> write_private_file(const std::string& path, std::string_view text, Existing existing);

}  // namespace postrider::cli
