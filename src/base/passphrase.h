#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

/// A key of 32 bytes from a passphrase: argon2id (RFC 9106) with one lane. The default costs some
/// 200 ms and 64 MiB. Requires: a salt of passphrase_salt_bytes; at least 8 KiB and one pass.
/// nullopt: there is not enough memory.
inline constexpr std::size_t passphrase_salt_bytes = 16;
struct PassphraseCost {
    std::size_t memory_kib = std::size_t{64} * 1024;
    std::size_t passes = 3;
};
std::optional<std::string> passphrase_key(std::string_view passphrase, std::string_view salt,
                                          const PassphraseCost& cost);

}  // namespace postrider
