#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/header_rules.h"

/// The first line is the name, the rest the value. What passes can be put into a request without
/// ending its line, and the three faces of the rules agree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto end = text.find('\n');
    const auto name = text.substr(0, end);
    const auto value = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);

    const bool safe = net::is_header_safe(name, value);
    CHECK(net::check_header(name, value).has_value() == safe);
    const auto all = net::check_headers({{std::string(name), std::string(value)}});
    const bool small = name.size() + value.size() <= 16 * 1024;
    CHECK(all.has_value() == (safe && small));
    if (!all) CHECK(all.error().fields.front().pointer.starts_with("#/headers"));
    if (!safe) return 0;
    for (const char c : name) CHECK(c > 0x20 && c < 0x7f && c != ':');
    for (const char c : value) CHECK((c >= 0x20 && c < 0x7f) || c == '\t');
    CHECK(!value.empty() && value.front() != ' ' && value.back() != ' ');
    return 0;
}
