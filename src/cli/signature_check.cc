#include "cli/signature_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/json_text.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

constexpr std::size_t ed25519_key_bytes = 32;
constexpr std::size_t signatures_max = 32;  ///< in one header; a rotation has four

struct Signature {
    SigningScheme scheme;
    std::string bytes;
};

/// The signatures of schemes that we know; others are for other readers and pass by.
std::vector<Signature> parse_signatures(std::string_view header) {
    std::vector<Signature> signatures;
    while (!header.empty() && signatures.size() < signatures_max) {
        auto end = std::min(header.find(' '), header.size());
        auto word = header.substr(0, end);
        header.remove_prefix(std::min(end + 1, header.size()));
        auto comma = word.find(',');
        if (comma == std::string_view::npos) continue;
        auto scheme = parse_signing_scheme(word.substr(0, comma));
        auto bytes = base64_decode(word.substr(comma + 1));
        if (scheme == SigningScheme::ferriskey) continue;  // never in this header
        if (scheme && bytes) signatures.push_back({*scheme, std::move(*bytes)});
    }
    return signatures;
}

bool fits(const SignedRequest& request, const VerificationKey& key, const Signature& signature) {
    if (key.scheme != signature.scheme) return false;
    if (key.scheme == SigningScheme::v1) {
        auto expected =
            hmac_sha256(key.key, {request.id, ".", request.timestamp, ".", request.body});
        return expected.size() == signature.bytes.size() &&
               equal_in_constant_time(expected, signature.bytes);
    }
    if (signature.bytes.size() != 64) return false;
    auto message = fmt::format("{}.{}.{}", request.id, request.timestamp, request.body);
    return ed25519_verify(key.key, message, signature.bytes);
}

bool any_fits(const SignedRequest& request, std::span<const VerificationKey> keys,
              std::span<const Signature> signatures) {
    bool fitted = false;
    for (const auto& key : keys) {
        for (const auto& signature : signatures) fitted = fitted || fits(request, key, signature);
    }
    return fitted;
}

/// What is known to happen to bodies on their way, and to secrets on theirs; empty when none
/// explains it.
std::string explain_mismatch(const SignedRequest& request, std::span<const VerificationKey> keys,
                             std::span<const Signature> signatures) {
    auto fits_body = [&](std::string_view body) {
        SignedRequest changed = request;
        changed.body = body;
        return any_fits(changed, keys, signatures);
    };
    std::string_view body = request.body;
    if (body.ends_with('\n')) {
        auto shorter = body.substr(0, body.size() - (body.ends_with("\r\n") ? 2 : 1));
        if (fits_body(shorter)) {
            return "the body has a line end too many: an editor or a shell added it, the signature "
                   "fits "
                   "without";
        }
    }
    auto compact = json::compact(body, limits::json_depth_max);
    if (compact && *compact != body && fits_body(*compact)) {
        return "the body was changed: somebody parsed and wrote it again, the signature fits it "
               "without "
               "white space; verify the bytes as they were received";
    }
    return {};
}

bool used_text_as_key(const SignedRequest& request, std::span<const VerificationKey> keys,
                      std::span<const Signature> signatures) {
    std::vector<VerificationKey> texts;
    for (const auto& key : keys) {
        if (key.scheme != SigningScheme::v1) continue;
        auto text = base64_encode(key.key);
        texts.push_back({SigningScheme::v1, "whsec_" + text});
        texts.push_back({SigningScheme::v1, std::move(text)});
    }
    return any_fits(request, texts, signatures);
}

SignatureCheck check_headers(const SignedRequest& request) {
    for (auto [name, value] :
         {std::pair{"webhook-id", request.id}, std::pair{"webhook-timestamp", request.timestamp},
          std::pair{"webhook-signature", request.signature}}) {
        if (value.empty()) {
            return {SignatureVerdict::header_missing,
                    fmt::format("the header {} is missing: this is no signed webhook", name)};
        }
    }
    return {SignatureVerdict::verified, {}};
}

SignatureCheck check_timestamp(std::int64_t seconds, Timestamp now, Duration tolerance) {
    auto now_seconds = to_micros(now) / 1'000'000;
    auto tolerated = std::chrono::duration_cast<std::chrono::seconds>(tolerance).count();
    // Both are between 0 and 10^12, so nothing overflows.
    auto age = now_seconds - seconds;
    auto words = [](std::int64_t s) { return format_duration(std::chrono::seconds(s)); };
    if (age > tolerated) {
        return {
            SignatureVerdict::stale,
            fmt::format("the signature fits, but is {} old and {} are tolerated: a replay, or a "
                        "clock that is wrong (see --tolerance)",
                        words(age), words(tolerated))};
    }
    if (-age > tolerated) {
        return {
            SignatureVerdict::ahead,
            fmt::format("the signature fits, but is {} in the future and {} are tolerated: a clock "
                        "is wrong",
                        words(-age), words(tolerated))};
    }
    return {SignatureVerdict::verified, {}};
}

}  // namespace

Result<VerificationKey> parse_verification_key(std::string_view text) {
    auto decode = [&](std::string_view prefix) {
        return base64_decode(text.substr(prefix.size()));
    };
    if (text.starts_with("whpk_")) {
        auto key = decode("whpk_");
        if (key && key->size() == ed25519_key_bytes)
            return VerificationKey{SigningScheme::v1a, *key};
        return fail(ErrorCode::invalid_argument,
                    "a public key must be whpk_ and the base64 of 32 bytes");
    }
    if (text.starts_with("whsk_")) {
        auto key = decode("whsk_");
        if (key && (key->size() == ed25519_key_bytes || key->size() == 2 * ed25519_key_bytes)) {
            return VerificationKey{SigningScheme::v1a,
                                   ed25519_public_key(key->substr(0, ed25519_key_bytes))};
        }
        return fail(ErrorCode::invalid_argument,
                    "a secret key must be whsk_ and the base64 of 32 or 64 bytes");
    }
    auto key = decode(text.starts_with("whsec_") ? "whsec_" : "");
    if (!key || key->size() < limits::secret_bytes_min || key->size() > limits::secret_bytes_max) {
        return fail(
            ErrorCode::invalid_argument,
            fmt::format(
                "a secret must be whsec_ and the base64 of {} to {} bytes, or of v1a: whsk_ "
                "and a secret key, or to verify whpk_ and a public key",
                limits::secret_bytes_min, limits::secret_bytes_max));
    }
    return VerificationKey{SigningScheme::v1, std::move(*key)};
}

SignatureCheck check_signature(const SignedRequest& request, std::span<const VerificationKey> keys,
                               Timestamp now, Duration tolerance) {
    if (auto headers = check_headers(request); !headers.ok()) return headers;
    std::int64_t seconds = 0;
    auto [end, error] = std::from_chars(
        request.timestamp.data(), request.timestamp.data() + request.timestamp.size(), seconds);
    if (error != std::errc{} || end != request.timestamp.data() + request.timestamp.size() ||
        seconds < 0 || seconds > 999'999'999'999) {
        return {SignatureVerdict::header_malformed,
                "webhook-timestamp must be whole seconds since 1970, like 1614265330"};
    }
    auto signatures = parse_signatures(request.signature);
    if (signatures.empty()) {
        return {SignatureVerdict::header_malformed,
                "webhook-signature must be \"v1,\" or \"v1a,\" and base64, several separated by "
                "spaces"};
    }
    bool same_scheme = std::ranges::any_of(signatures, [&](const Signature& signature) {
        return std::ranges::any_of(
            keys, [&](const VerificationKey& key) { return key.scheme == signature.scheme; });
    });
    if (!same_scheme) {
        bool symmetric = signatures.front().scheme == SigningScheme::v1;
        return {
            SignatureVerdict::scheme_mismatch,
            symmetric
                ? "it is signed with v1 (HMAC), and the key given is not: give the whsec_ secret"
                : "it is signed with v1a (ed25519), and the secret given is not: give the "
                  "whpk_ public key"};
    }
    if (any_fits(request, keys, signatures)) {
        auto time = check_timestamp(seconds, now, tolerance);
        if (time.ok()) time.detail = "the signature fits";
        return time;
    }
    if (auto why = explain_mismatch(request, keys, signatures); !why.empty()) {
        return {SignatureVerdict::body_changed, std::move(why)};
    }
    if (used_text_as_key(request, keys, signatures)) {
        return {
            SignatureVerdict::mismatch,
            "the signer took the text of the secret for the key: the key is what follows whsec_, "
            "decoded from base64"};
    }
    return {SignatureVerdict::mismatch,
            "no signature fits: it was made with another secret, or webhook-id, webhook-timestamp "
            "or the "
            "body was changed"};
}

}  // namespace postrider::cli
