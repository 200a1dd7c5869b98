#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postrider::api {

/// A file of the console, as it lies in the program.
struct ConsoleFile {
    std::string_view content_type;
    std::string_view etag;
    bool is_gzip = false;
    std::string_view bytes;

    /// The bytes for a client that does not take gzip.
    Result<std::string> inflated() const;
};

/// By its path in the built console: "index.html", "assets/index-4f2a.js". nullopt: no such file.
std::optional<ConsoleFile> find_console_file(std::string_view path);

}  // namespace postrider::api
