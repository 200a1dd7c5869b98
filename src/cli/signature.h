#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/states.h"

namespace postrider::cli {

/// What a webhook is signed with.
struct SigningKey {
    SigningScheme scheme = SigningScheme::v1;
    std::string key;  ///< v1: the HMAC key; v1a: the ed25519 seed; raw
};
/// "whsec_…", "whsk_…", or the bare base64 of an HMAC key. Errors: invalid_argument, one sentence
/// that does not hold the secret.
Result<SigningKey> parse_signing_key(std::string_view text);

/// The value of `webhook-signature`: one signature for each key, in order. Pure.
/// Source: Standard Webhooks, "Signature scheme".
std::string signature_of(std::span<const SigningKey> keys, std::string_view id,
                         std::string_view timestamp, std::string_view body);

}  // namespace postrider::cli
