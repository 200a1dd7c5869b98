#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/attempt.h"

namespace postrider::webhooks {

/// How a webhook's requests say who sends them, in `Authorization`.
enum class AuthenticationType {
    basic,   ///< a user name and a password (RFC 7617)
    bearer,  ///< a token that does not change (RFC 6750)
    oauth2,  ///< an access token by client credentials (RFC 6749 section 4.4)
};
std::string_view to_string(AuthenticationType type);
std::optional<AuthenticationType> parse_authentication_type(std::string_view text);

/// A webhook's `authentication`. Its one secret value is sealed in a column of its own; everywhere
/// else the mask stands for it.
struct Authentication {
    AuthenticationType type = AuthenticationType::bearer;
    std::string username = {};   ///< basic; no colon
    std::string token_url = {};  ///< oauth2: https, in normal form
    std::string client_id = {};  ///< oauth2
    std::string scope = {};      ///< oauth2; "" for none
    std::string audience = {};   ///< oauth2; "" for none
    /// The password, token or client secret, as a request gives it; the mask in all else.
    std::string secret{secret_mask};
    bool operator==(const Authentication&) const = default;
};

/// The member that is secret: "password", "token" or "client_secret".
std::string_view secret_member_of(AuthenticationType type);

/// Told what is wrong, with the pointer below the member ("" is the member itself).
using RefuseMember = std::function<void(std::string_view below, std::string detail)>;
/// Reads a webhook's member; nullopt if anything is wrong with it.
std::optional<Authentication> read_authentication(const json::Value& value,
                                                  const RefuseMember& refuse);
void write_authentication(json::Writer& writer, const Authentication& authentication);

/// The value of `Authorization`. Requires: not oauth2, whose access token goes as a bearer's.
std::string authorization_of(const Authentication& authentication, std::string_view secret);

}  // namespace postrider::webhooks
