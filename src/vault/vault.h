#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"
#include "vault/key_ring.h"

namespace postrider::vault {

/// Where a sealed value lives. A value opens only in its own place.
struct Place {
    RealmId realm;
    Uuid row;
    std::string_view column;  ///< "webhooks.secret"
};

/// The sealed columns. Persistent; never rename: each is part of what its values are sealed with.
namespace columns {
inline constexpr std::string_view webhook_headers = "webhooks.headers";
inline constexpr std::string_view webhook_secret = "webhooks.secret";
inline constexpr std::string_view webhook_previous_secret = "webhooks.previous_secret";
inline constexpr std::string_view webhook_credential = "webhooks.credential";
inline constexpr std::string_view webhook_tls = "webhooks.tls";
inline constexpr std::string_view sealed_reset = "sealed_resets.sealed";
inline constexpr std::string_view key_check = "state.key_check";
}  // namespace columns

/// Seals and opens. Immutable. Thread-safety: any thread.
///
/// A sealed value is: 1 byte of format (1), 1 byte of length and the key id, nonce and ciphertext
/// (base/crypto.h).
class Vault {
 public:
    explicit Vault(KeyRing ring) : ring_(std::move(ring)) {}

    std::string seal(const Place& place, std::string_view plaintext) const;
    /// Errors: corrupt (unknown key, another place, or changed bytes).
    Result<std::string> open(const Place& place, std::string_view sealed) const;
    /// Whether the key that seals today has sealed it.
    bool is_sealed_by_primary(std::string_view sealed) const;
    const KeyRing& ring() const { return ring_; }

 private:
    KeyRing ring_;
};

/// The id of the key that sealed it; "" when it is no sealed value.
std::string_view key_id_of(std::string_view sealed);

}  // namespace postrider::vault
