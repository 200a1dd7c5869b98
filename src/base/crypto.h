#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider {

/// 32 raw bytes.
std::string sha256(std::string_view message);

/// HMAC-SHA256 (RFC 2104) over the concatenation of the parts, 32 raw bytes. Parts spare the caller
/// a copy of the body.
std::string hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);

/// ed25519 (RFC 8032): a 32-byte seed, its 32-byte public key, 64-byte signatures.
std::string ed25519_public_key(std::string_view seed);
std::string ed25519_sign(std::string_view seed, std::string_view message);
bool ed25519_verify(std::string_view public_key, std::string_view message,
                    std::string_view signature);

/// XChaCha20-Poly1305 (RFC 8439 with libsodium's 24-byte nonce). The result is nonce + ciphertext;
/// `context` is authenticated and not stored. Requires: a 32-byte key.
std::string aead_seal(std::string_view key, std::string_view context, std::string_view plaintext);
/// nullopt when key, context or a byte is wrong.
std::optional<std::string> aead_open(std::string_view key, std::string_view context,
                                     std::string_view sealed);

/// Takes the same time wherever the difference is; the length is not secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace postrider
