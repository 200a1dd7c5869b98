#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/random.h"
#include "base/result.h"

namespace postrider::cli {

/// Seals a text with a passphrase, as JSON:
///
///     {"kdf": "argon2id", "memory_kib": 65536, "passes": 3, "salt": base64 of 16 bytes,
///      "cipher": "xchacha20-poly1305", "box": base64 of nonce (24), ciphertext and tag (16)}
///
/// The key is 32 bytes of argon2id (RFC 9106, one lane) of the passphrase. `context` and the
/// parameters are authenticated with the text and are not in it: a box that is put elsewhere, or
/// whose parameters were changed, does not open.
/// Errors: resource_exhausted (memory is short).
Result<json::Value> seal_text(std::string_view passphrase, std::string_view context,
                              std::string_view text, Random& random);

/// Errors: invalid_argument, one sentence: it is no such box, its parameters are beyond
/// limits::sealed_memory_kib_max and limits::sealed_passes_max, or it does not open (another
/// passphrase, or changed bytes, which cannot be told apart).
Result<std::string> open_text(std::string_view passphrase, std::string_view context,
                              const json::Value& sealed);

}  // namespace postrider::cli
