#include "base/json_pointer.h"

namespace postrider::json {
namespace {

/// Longer than any name that we know, short enough for an answer.
constexpr std::size_t shown_bytes_max = 128;

}  // namespace

std::string pointer_to(std::string_view parent, std::string_view name) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string pointer(parent);
    pointer += '/';
    for (const char c : name.substr(0, shown_bytes_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '~') {
            pointer += "~0";
        } else if (c == '/') {
            pointer += "~1";
        } else if (byte <= 0x20 || byte >= 0x7F || c == '%' || c == '"' || c == '#') {
            pointer += {'%', digits[byte >> 4], digits[byte & 15]};
        } else {
            pointer += c;
        }
    }
    return pointer;
}

}  // namespace postrider::json
