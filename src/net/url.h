#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postrider::net {

/// An absolute http or https URL, checked and in normal form. The one URL parser of the server.
struct Url {
    std::string scheme;  ///< "http" or "https"
    std::string host;    ///< lower case, A-labels; an IPv6 literal without its brackets
    std::uint16_t port = 0;
    std::string target;  ///< path and query as sent in the request line; never empty
    bool is_ip_literal = false;

    bool is_tls() const { return scheme == "https"; }
    /// "https://example.com" or "https://example.com:8443", "https://[2001:db8::1]".
    std::string origin() const;
    /// The value of the Host header.
    std::string host_header() const;
    std::string to_string() const { return origin() + target; }
    bool operator==(const Url&) const = default;
};

/// Parses what a person typed as a webhook's URL.
/// Errors: invalid_argument, the message being one sentence with the way out: not absolute, a
/// scheme other than http and https, user info, a fragment, an empty host, port 0, over
/// limits::url_bytes_max, control or non-ASCII characters in host or path (say: use the A-label /
/// percent-encode), an IPv4 host in decimal, octal, hex or short form, an IPv6 zone id.
/// Source: RFC 3986; WHATWG URL for the IPv4 forms that browsers accept and we refuse.
Result<Url> parse_url(std::string_view text);

/// Whether `text` begins with a scheme that has a dot, as the private ones of apps do
/// ("com.example.app:/callback"); the rest is not looked at. Source: RFC 8252 section 7.1.
bool has_private_use_scheme(std::string_view text);

/// Checks a URI with such a scheme. Errors: invalid_argument, as those of parse_url().
/// Requires: has_private_use_scheme(text).
Result<void> check_private_use_uri(std::string_view text);

}  // namespace postrider::net
