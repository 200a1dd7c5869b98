#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Verification of what Postrider sends (Standard Webhooks): v1 (HMAC-SHA256) and v1a (ed25519).
/// Header only, C++20, on OpenSSL's libcrypto 1.1.1 or newer: link with -lcrypto.
///
///     // The values of webhook-id, webhook-timestamp and webhook-signature.
///     const postrider::Headers headers{id, timestamp, signature};
///     const postrider::Verdict verdict = postrider::verify(body, headers, {secret});
///     if (verdict != postrider::Verdict::ok) return respond(401);
namespace postrider {

enum class Verdict {
    ok,
    missing_header,
    bad_timestamp,  ///< no number of seconds
    too_old,        ///< it may be a recorded request
    too_new,        ///< is the clock right?
    no_match,       ///< another secret, or the body is not as it was sent
    bad_secret,     ///< none of whsec_ and base64 of 24 to 64 bytes, or whpk_ and base64 of 32
};

/// The values of the three headers; empty: there is none.
struct Headers {
    std::string_view id;
    std::string_view timestamp;
    std::string_view signature;
};

namespace detail {

using Bytes = std::vector<unsigned char>;

inline std::optional<Bytes> decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > 1024) return std::nullopt;
    Bytes out(text.size() / 4 * 3);
    const int length =
        EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
    out.resize(static_cast<std::size_t>(length) - padding);
    return out;
}

inline bool matches_v1(const Bytes& key, std::string_view signed_text, const Bytes& signature) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(),
         digest.data(), &length);
    return signature.size() == length &&
           CRYPTO_memcmp(digest.data(), signature.data(), length) == 0;
}

inline bool matches_v1a(const Bytes& key, std::string_view signed_text, const Bytes& signature) {
    EVP_PKEY* loaded =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size());
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool matches =
        loaded != nullptr && context != nullptr &&
        EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, loaded) == 1 &&
        EVP_DigestVerify(context, signature.data(), signature.size(),
                         reinterpret_cast<const unsigned char*>(signed_text.data()),
                         signed_text.size()) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(loaded);
    return matches;
}

inline std::optional<std::int64_t> read_seconds(std::string_view text) {
    if (text.empty() || text.size() > 15) return std::nullopt;
    std::int64_t seconds = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        seconds = seconds * 10 + (c - '0');
    }
    return seconds;
}

/// nullopt: the secret cannot be read.
inline std::optional<bool> matches(std::string_view secret, std::string_view signed_text,
                                   std::string_view signatures) {
    const bool is_public = secret.starts_with("whpk_");
    if (is_public) secret.remove_prefix(5);
    if (secret.starts_with("whsec_")) secret.remove_prefix(6);
    const auto key = decode_base64(secret);
    if (!key || (is_public ? key->size() != 32 : key->size() < 24 || key->size() > 64)) {
        return std::nullopt;
    }
    const std::string_view scheme = is_public ? "v1a," : "v1,";
    while (!signatures.empty()) {
        const auto end = signatures.find(' ');
        std::string_view entry = signatures.substr(0, end);
        signatures.remove_prefix(end == std::string_view::npos ? signatures.size() : end + 1);
        if (!entry.starts_with(scheme)) continue;
        const auto signature = decode_base64(entry.substr(scheme.size()));
        if (!signature) continue;
        if (is_public ? matches_v1a(*key, signed_text, *signature)
                      : matches_v1(*key, signed_text, *signature)) {
            return true;
        }
    }
    return false;
}

}  // namespace detail

/// Whether the webhook is what it says. `body` is the bytes as they came; `secrets` are `whsec_…`
/// (v1) or `whpk_…` (v1a): during a rotation any may match. Anything but ok: answer 401, and drop
/// an id that was seen before. Thread-safety: any thread.
inline Verdict verify(std::string_view body, const Headers& headers,
                      const std::vector<std::string_view>& secrets, std::int64_t now_seconds,
                      std::int64_t tolerance_seconds = 300) {
    if (headers.id.empty() || headers.timestamp.empty() || headers.signature.empty()) {
        return Verdict::missing_header;
    }
    const auto timestamp = detail::read_seconds(headers.timestamp);
    if (!timestamp) return Verdict::bad_timestamp;
    if (now_seconds - *timestamp > tolerance_seconds) return Verdict::too_old;
    if (*timestamp - now_seconds > tolerance_seconds) return Verdict::too_new;
    std::string signed_text(headers.id);
    signed_text.append(".").append(headers.timestamp).append(".").append(body);
    for (const std::string_view secret : secrets) {
        const auto matches = detail::matches(secret, signed_text, headers.signature);
        if (!matches) return Verdict::bad_secret;
        if (*matches) return Verdict::ok;
    }
    return Verdict::no_match;
}

/// The same by the system's clock.
inline Verdict verify(std::string_view body, const Headers& headers,
                      const std::vector<std::string_view>& secrets) {
    using std::chrono::system_clock;
    return verify(
        body, headers, secrets,
        std::chrono::duration_cast<std::chrono::seconds>(system_clock::now().time_since_epoch())
            .count());
}

}  // namespace postrider
