#include "cli/signature.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "cli/signature_check.h"

namespace postrider::cli {

Result<SigningKey> parse_signing_key(std::string_view text) {
    if (text.starts_with("whpk_")) {
        return fail(ErrorCode::invalid_argument,
                    "a public key verifies and does not sign: give the whsk_ or whsec_ secret");
    }
    // The same forms as for verifying; of an ed25519 secret the seed is what signs.
    POSTRIDER_ASSIGN(auto key, parse_verification_key(text));
    if (key.scheme == SigningScheme::v1) return SigningKey{key.scheme, std::move(key.key)};
    constexpr std::size_t seed_bytes = 32;
    const auto decoded = base64_decode(text.substr(std::string_view("whsk_").size()));
    return SigningKey{key.scheme, decoded->substr(0, seed_bytes)};
}

std::string signature_of(std::span<const SigningKey> keys, std::string_view id,
                         std::string_view timestamp, std::string_view body) {
    std::string signatures;
    for (const auto& key : keys) {
        const bool symmetric = key.scheme == SigningScheme::v1;
        const auto bytes =
            symmetric ? hmac_sha256(key.key, {id, ".", timestamp, ".", body})
                      : ed25519_sign(key.key, fmt::format("{}.{}.{}", id, timestamp, body));
        signatures += fmt::format("{}{},{}", signatures.empty() ? "" : " ",
                                  symmetric ? "v1" : "v1a", base64_encode(bytes));
    }
    return signatures;
}

}  // namespace postrider::cli
