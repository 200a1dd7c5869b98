#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/cursor.h"

/// The first byte splits the input into scope and cursor. Whatever is accepted is what we make.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::size_t split = std::min<std::size_t>(data[0], text.size());
    const std::string_view scope = text.substr(0, split);
    const std::string_view cursor = text.substr(split);
    if (const auto last = postrider::api::read_cursor(scope, cursor)) {
        if (postrider::api::make_cursor(scope, *last) != cursor) std::abort();
    }
    if (const auto last = postrider::api::read_timed_cursor(scope, cursor)) {
        if (postrider::api::make_timed_cursor(scope, *last) != cursor) std::abort();
    }
    // What was made is read back under its own scope and under no other.
    postrider::Uuid id;
    for (std::size_t i = 0; i < id.bytes.size() && i < text.size(); ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(text[i]);
    }
    const std::string made = postrider::api::make_cursor(scope, id);
    if (postrider::api::read_cursor(scope, made) != id) std::abort();
    if (postrider::api::read_cursor(std::string(scope) + "x", made)) std::abort();
    return 0;
}
