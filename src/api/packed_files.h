#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/call.h"
#include "base/result.h"

namespace postrider::api {

/// A file of the console, of the documentation's site or of the contract, as it lies in the
/// program.
struct PackedFile {
    std::string_view content_type;
    std::string_view etag;
    bool is_gzip = false;
    std::string_view bytes;

    /// The bytes for a client that does not take gzip. They are kept: inflating the largest takes
    /// milliseconds, which a flood of requests would take from everybody.
    /// Thread-safety: any thread.
    Result<std::string_view> inflated() const;
};

/// By its path in the pack: "index.html", "assets/index-4f2a.js", "docs/api.html". nullopt: no such
/// file. Thread-safety: any thread.
std::optional<PackedFile> find_packed_file(std::string_view path);

/// Answers with that file, or with 304 when the client has it; it may run this server's scripts and
/// nothing else. Errors: not_found.
Result<void> send_packed_file(Call& call, const std::string& path, const char* cache_control);

}  // namespace postrider::api
