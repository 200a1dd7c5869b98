#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "webhooks/change.h"
#include "webhooks/secret.h"
#include "webhooks/webhook.h"

namespace postrider::webhooks {

/// What a receiver needs for verifying, as the API shows it; no ed25519 seed is ever in it.
struct ShownSecret {
    std::string secret;      ///< "whsec_…"; "" when v1 does not sign
    std::string public_key;  ///< "whpk_…"; "" when v1a does not sign
    std::string ferriskey;   ///< as it was given; "" when that scheme does not sign
    std::string previous;    ///< likewise, while they still sign
    std::string previous_public_key;
    std::optional<Timestamp> previous_expires_at;
};

/// `previous` empty: there is none, or it has expired.
ShownSecret show_secret(const std::vector<SigningScheme>& signing, const SecretSet& current,
                        const SecretSet& previous, std::optional<Timestamp> previous_expires_at);

/// The JSON of a webhook, in answers. Header values are masked unless `revealed` has them.
void write_webhook(json::Writer& writer, const Webhook& webhook, const Headers* revealed = nullptr);
/// The same with the members of its secret.
std::string webhook_with_secret(const Webhook& webhook, const ShownSecret& secret);
std::string secret_json(const ShownSecret& secret);
/// {"keys": {…}}, as a new webhook takes them.
std::string keys_json(const GivenKeys& keys);

/// The `data` of webhook.created and webhook.deleted: the same, masked; with `changed` of
/// webhook.updated.
std::string event_data(const Webhook& webhook, const std::vector<std::string>* changed = nullptr);

}  // namespace postrider::webhooks
