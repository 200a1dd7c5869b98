#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/states.h"
#include "net/client_tls.h"
#include "net/egress_policy.h"
#include "net/url.h"
#include "webhooks/controls.h"
#include "webhooks/template.h"

namespace postrider::webhooks {

/// An opened secret, ready to sign with.
struct SigningKey {
    SigningScheme scheme = SigningScheme::v1;
    std::string key;  ///< v1: the HMAC key; v1a: the ed25519 seed. Raw bytes, ferriskey: text.
};

/// Where access tokens come from, and for whom: OAuth 2 client credentials.
struct TokenClient {
    std::shared_ptr<const net::Url> url;
    std::string id;
    std::string secret;
    std::string scope;     ///< "" for none
    std::string audience;  ///< "" for none

    bool operator==(const TokenClient& other) const {
        return *url == *other.url && id == other.id && secret == other.secret &&
               scope == other.scope && audience == other.audience;
    }
};

/// Everything that sending to a webhook needs, opened and checked: what held at one moment. The
/// engine uses the newest one for each attempt. Immutable.
struct Target {
    RealmId realm;
    WebhookId webhook;
    bool enabled = false;
    bool tombstone = false;
    std::int64_t version = 0;
    /// The attempts' outcome when it could not be opened (wrong key): internal, "unsealable".
    bool unsealable = false;
    std::shared_ptr<const net::Url> url;
    std::string header_lines;   ///< "Name: value\r\n" of its own headers and authorization
    std::string authorization;  ///< a header's value; "" for none
    /// nullptr: no access tokens are needed.
    std::shared_ptr<const TokenClient> token_client;
    /// For its own URL, not for its token endpoint. nullptr: the server's authorities, and no
    /// certificate.
    std::shared_ptr<const net::ClientTls> client_tls;
    std::vector<SigningKey> keys;           ///< new first
    std::vector<SigningKey> previous_keys;  ///< sign too until previous_expires_at
    Timestamp previous_expires_at;
    Duration timeout{0};
    std::vector<Duration> retry_schedule;  ///< waits between attempts
    Controls controls;  ///< without the texts of filter and template, which are held parsed
    std::shared_ptr<const Template> body_template;  ///< of its format; nullptr: it has none
    std::string realm_name;
    std::shared_ptr<const net::EgressPolicy> policy;
    /// What it takes for that which people have written into it, in bytes.
    struct Memory {
        std::size_t headers = 0;  ///< and credentials, and certificates
        std::size_t body_template = 0;
        std::size_t all() const { return headers + body_template; }
    };
    Memory memory;
};
using SharedTarget = std::shared_ptr<const Target>;

/// Told of every committed change of a webhook; the engine implements it.
class TargetSink {
 public:
    virtual ~TargetSink() = default;
    /// Thread-safety: the writer's thread, and the starting one before the engine runs.
    virtual void target_changed(SharedTarget target) = 0;
    /// The realm's settings have changed: takes the place of the target of the same version. If the
    /// sink has another version of it, or none, it does nothing. Thread-safety: any thread.
    virtual void target_rebuilt(SharedTarget target) = 0;
    /// The tombstone is gone for good.
    virtual void target_removed(const WebhookId& webhook) = 0;
};

}  // namespace postrider::webhooks
