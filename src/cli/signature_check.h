#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/states.h"

namespace postrider::cli {

/// What a signature is held against.
struct VerificationKey {
    SigningScheme scheme = SigningScheme::v1;
    std::string key;  ///< v1: the HMAC key; v1a: the public key; raw
};
/// "whsec_…", "whpk_…", "whsk_…" (its public key is taken), or the bare base64 of an HMAC key.
/// Errors: invalid_argument, one sentence that does not hold the secret.
Result<VerificationKey> parse_verification_key(std::string_view text);

/// One webhook as it arrived. Absent headers are empty.
struct SignedRequest {
    std::string_view id;         ///< webhook-id
    std::string_view timestamp;  ///< webhook-timestamp
    std::string_view signature;  ///< webhook-signature
    std::string_view body;
};

enum class SignatureVerdict {
    verified,
    header_missing,  ///< one of the three
    header_malformed,
    stale,            ///< a signature fits, but the timestamp is too far in the past
    ahead,            ///< … in the future
    scheme_mismatch,  ///< no signature is of the given keys' schemes
    body_changed,     ///< a signature fits the body without a change that is known to happen
    mismatch,         ///< no signature fits: another secret, or another body
};

struct SignatureCheck {
    SignatureVerdict verdict = SignatureVerdict::mismatch;
    std::string detail;  ///< one sentence for people, with the way out
    bool ok() const { return verdict == SignatureVerdict::verified; }
};

/// Verifies Standard Webhooks v1 and v1a: one signature that fits one key is enough. Pure.
/// Source: Standard Webhooks, "Verifying webhook authenticity".
SignatureCheck check_signature(const SignedRequest& request, std::span<const VerificationKey> keys,
                               Timestamp now, Duration tolerance);

}  // namespace postrider::cli
