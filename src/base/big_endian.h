#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postrider {

constexpr std::size_t big_endian_bytes = 8;

/// Appends the number's 8 bytes, the highest first.
inline void append_big_endian(std::string& out, std::int64_t number) {
    const auto bits = static_cast<std::uint64_t>(number);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((bits >> shift) & 0xFF);
}

/// The number in the first 8 bytes. Requires: bytes.size() >= big_endian_bytes.
inline std::int64_t read_big_endian(std::string_view bytes) {
    std::uint64_t bits = 0;
    for (const char c : bytes.substr(0, big_endian_bytes)) {
        bits = bits << 8 | static_cast<unsigned char>(c);
    }
    return static_cast<std::int64_t>(bits);
}

}  // namespace postrider
