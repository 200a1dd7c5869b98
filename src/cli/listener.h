#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/context.h"
#include "cli/signature_check.h"
#include "net/url.h"

namespace postrider::cli {

struct ListenOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 3000;               ///< 0: any free one
    std::string path = {};                   ///< only this one is answered; empty: any
    std::vector<VerificationKey> keys = {};  ///< empty: signatures are not checked
    Duration tolerance = 5min;
    int status = 204;
    Duration delay{0};      ///< before each answer
    std::size_t count = 0;  ///< end after so many; 0: never
    /// Where each webhook goes on to, as it came, if its signature is not wrong; what is answered
    /// there is answered here. One after the other.
    std::optional<net::Url> forward_to = {};
    bool json = false;  ///< one object a line
};

/// A webhook as it came in, and what is to be said of it.
struct Received {
    Timestamp at;
    std::string method, path, body;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::size_t times_seen = 1;  ///< webhooks with its id, with this one
    bool checked = false;
    SignatureCheck signature;
    int status = 0;         ///< what it is answered with; 401 when the signature is wrong
    std::string forwarded;  ///< where it went on to, and what came of that; empty: nowhere
    /// Why it is no webhook (its method, its path, the kind of its body); empty: it is one. What
    /// was refused has no body, and what could not be read has no method.
    std::string refused;

    std::string_view header(std::string_view name) const;
};

/// For people: a block. For scripts (--json): one line. Both end with a line end.
std::string render_received(const Received& received, Colours colours);
std::string received_json(const Received& received);

/// Receives webhooks and shows each until `options.count` were answered. Shows what it refuses,
/// too, and does not count it. `started` is told the port. Gives the exit code: 4 when a signature
/// was checked and did not verify.
int listen(Context& context, const ListenOptions& options,
           const std::function<void(std::uint16_t)>& started);

}  // namespace postrider::cli
