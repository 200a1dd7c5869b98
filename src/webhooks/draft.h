#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "model/attempt.h"
#include "net/egress_policy.h"
#include "webhooks/change.h"
#include "webhooks/secret.h"
#include "webhooks/webhook.h"

namespace postrider::webhooks {

/// What a change is held against.
struct Surroundings {
    const net::EgressPolicy& policy;
    std::span<const std::string> own_types;  ///< the realm's own event types
    bool is_master = false;
};

/// A webhook that is there, opened.
struct Existing {
    Webhook webhook;
    Headers headers;
    SecretSet secret;
    std::string credential = {};  ///< what `authentication` masks; "" for none
    ReceiverTls tls = {};         ///< the texts that `tls` masks
};

/// What becomes of the secret that signed until now.
enum class OldSecret {
    untouched,  ///< it signs on, and a previous one until it expires
    overlaps,   ///< it becomes the previous one
    dropped,    ///< it ends now, and a previous one too: the webhook has a new origin
};

/// A webhook as it will be.
struct Draft {
    Webhook webhook;
    Headers headers;
    SecretSet secret;
    std::string credential = {};  ///< what `authentication` masks; "" for none
    ReceiverTls tls = {};         ///< the texts that `tls` masks
    OldSecret old_secret = OldSecret::untouched;
    bool shows_secret = false;         ///< a key was made: the answer carries it, once
    std::vector<std::string> changed;  ///< names of fields, in API order; empty for a new webhook

    bool has_changed(std::string_view field) const;
};

/// Applies a change to what is there (nullptr: nothing yet), with the rules for masks and for a new
/// origin. Pure but for the keys that it makes.
/// Errors: invalid_argument with every bad field, those that the change brought among them.
Result<Draft> make_draft(const Change& change, const Existing* existing,
                         const Surroundings& surroundings, Random& random);

/// Applies a rotation: all keys that sign are new, or the given one.
/// Errors: invalid_argument (the given secret is of a scheme that does not sign).
Result<Draft> make_rotated(const Rotation& rotation, const Existing& existing, Random& random);

}  // namespace postrider::webhooks
