#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postrider {

/// Hashes of passwords that other systems made, as one line of text that names kind and cost:
///
///     $argon2id$v=19$m=7168,t=5,p=1$<salt>$<hash>     also $argon2i$
///     $pbkdf2-sha512$i=210000$<salt>$<hash>           also $pbkdf2-sha256$ and $pbkdf2-sha1$
///     $2b$10$<salt and hash>                          bcrypt; also $2a$ and $2y$
///
/// Salt and hash of the first two are base64 without padding (the PHC string format).
///
/// What one look at a password may cost at most.
struct HashCosts {
    std::uint64_t argon2_memory_kib = 0;
    std::uint64_t argon2_passes = 0;
    std::uint64_t argon2_lanes = 0;
    std::uint64_t pbkdf2_rounds = 0;
    std::uint64_t bcrypt_cost = 0;
};

/// Checks that `text` is one that can be verified at no more than `most`. Errors: invalid_argument,
/// whose message is the end of a sentence about the hash: an unknown kind, a higher cost,
/// not well formed.
Result<void> check_imported_hash(std::string_view text, const HashCosts& most);

/// Whether it is the hash of `password`; false for what check_imported_hash() refuses.
bool imported_hash_matches(std::string_view text, std::string_view password, const HashCosts& most);

}  // namespace postrider
