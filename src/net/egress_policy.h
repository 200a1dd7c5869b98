#pragma once

#include <string>
#include <vector>

#include "net/ip_address.h"
#include "net/url.h"

namespace postrider::net {

/// Which addresses deliveries may connect to: the SSRF guard. Immutable once made, so any thread
/// may ask it; an instance stands for one set of rules and is part of the connection pools' key.
///
/// The rule is an allow-list on the address that will be connected: IPv4 minus every
/// special-purpose block and 168.63.129.16; IPv6 only 2000::/3 minus its special blocks;
/// ::ffff:0:0/96 is unwrapped and judged as IPv4. Networks that the operator allowed are let
/// through before that. Source: the IANA IPv4 and IPv6 special-purpose address registries.
struct EgressPolicy {
    std::vector<Cidr> allowed_networks;
    bool allow_http = false;  ///< plain http to anywhere; else only into allowed_networks

    /// Whether `address` may be connected, for plain http or TLS.
    bool passes(const IpAddress& address, bool tls) const;
    /// Why not, one sentence with the flag that would allow it; empty when it passes.
    std::string refusal(const IpAddress& address, bool tls) const;
    /// Checks what can be known of a URL without resolving: its scheme and a literal address.
    /// Errors: invalid_argument with the flag that would allow it.
    Result<void> check(const Url& url) const;
    bool operator==(const EgressPolicy&) const = default;
};

/// ::ffff:a.b.c.d as a.b.c.d; every other address as it is.
IpAddress unwrap_mapped(const IpAddress& address);

}  // namespace postrider::net
