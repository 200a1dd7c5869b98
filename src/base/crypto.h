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

/// argon2id (RFC 9106) of a password with a salt of its own, as text that names its parameters:
/// "$argon2id$v=19$m=19456,t=2,p=1$…". Some 20 ms of one core and 19 MiB (OWASP's minimum).
/// nullopt: there is not enough memory.
std::optional<std::string> password_hash(std::string_view password);
bool password_verify(std::string_view hash, std::string_view password);
/// Whether the hash was made with other parameters than password_hash() has now.
bool password_needs_rehash(std::string_view hash);

/// Takes the same time wherever the difference is; the length is not secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace postrider
