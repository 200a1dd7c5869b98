#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "model/states.h"
#include "webhooks/target.h"

namespace postrider::webhooks {

/// The keys of a webhook, at most one of each scheme; one that its `signing` does not name is kept,
/// so that going back to it does not change the key. Source: Standard Webhooks.
struct SecretSet {
    std::string v1;         ///< the HMAC key, raw; "" when there is none
    std::string v1a;        ///< the ed25519 seed, raw; "" when there is none
    std::string ferriskey;  ///< the HMAC key as text, as it was given; "" when there is none

    bool empty() const { return v1.empty() && v1a.empty() && ferriskey.empty(); }
    bool operator==(const SecretSet&) const = default;
};

/// A secret as a person gives it: `whsec_` or `whsk_` and base64. `whsk_` holds the seed, or the
/// seed and its public key as libsodium writes them. Other text, of visible ASCII, is FerrisKey's.
struct GivenSecret {
    SigningScheme scheme = SigningScheme::v1;
    std::string key;
};
/// Errors: invalid_argument, one phrase with the way out; it never holds the secret.
Result<GivenSecret> parse_secret(std::string_view text);

/// Makes the keys of `signing` that `set` lacks; whether it made any.
bool complete(SecretSet& set, std::span<const SigningScheme> signing, Random& random);

/// As it is sealed: "whsec_… whsk_… fk_…", each in base64. Shown to an export alone.
std::string to_plaintext(const SecretSet& set);
/// Errors: corrupt.
Result<SecretSet> parse_plaintext(std::string_view text);

/// The same of text from outside. Errors: invalid_argument, one phrase; it never holds a key.
Result<SecretSet> parse_keys(std::string_view text);

/// The key of a scheme; "" when there is none.
const std::string& key_of(const SecretSet& set, SigningScheme scheme);
std::string& key_of(SecretSet& set, SigningScheme scheme);

/// "whsec_…"; requires a v1 key.
std::string secret_text(const SecretSet& set);
/// "whpk_…"; requires a v1a key.
std::string public_key_text(const SecretSet& set);

/// The keys that sign, in the order of `signing`.
std::vector<SigningKey> signing_keys(const SecretSet& set, std::span<const SigningScheme> signing);

}  // namespace postrider::webhooks
