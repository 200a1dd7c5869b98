#pragma once

#include <string>

#include "base/result.h"

namespace postrider {

/// The whole of a file; also of what is read once, like a pipe. The one door for files that a
/// person names: it never throws. Errors: invalid_argument, a sentence that names the path: there
/// is none, it is a folder, it may not be read, it is larger than `bytes_max`.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace postrider
