#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"
#include "model/ids.h"

namespace postrider::access {

/// A browser that somebody has logged in with. Guesses of others from its address do not slow it
/// down: it has a budget of failures of its own.
struct Device {
    RealmId realm;
    UserId user;
    Timestamp password_set_at;  ///< another password makes it void
    std::string nonce;          ///< 16 random bytes; its budget's name
    bool operator==(const Device&) const = default;
};

/// Signs and reads what such a browser keeps: it opens nothing, and a stolen one lets its holder
/// guess at the pace of one browser. Immutable. Thread-safety: any thread.
class DeviceCookies {
 public:
    /// `secret`: known to every node, and to nobody else.
    explicit DeviceCookies(std::string secret) : secret_(std::move(secret)) {}

    static std::string make_nonce(Random& random);
    /// base64url of the device and an HMAC-SHA256.
    std::string write(const Device& device) const;
    /// nullopt: none that this server has written.
    std::optional<Device> read(std::string_view text) const;

 private:
    std::string sign(std::string_view payload) const;

    const std::string secret_;
};

}  // namespace postrider::access
