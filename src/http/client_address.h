#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::http {

/// Who asks: the peer, or when the peer is a trusted proxy, the rightmost hop of X-Forwarded-For
/// that is not one. What stands left of it is what the client says about itself, and is not
/// believed. A hop that is no address ends the search at the last proxy that was known.
/// `headers`: names in lower case. `is_trusted` may be empty: nobody is.
std::string client_address(std::string_view peer,
                           const std::vector<std::pair<std::string, std::string>>& headers,
                           const std::function<bool(std::string_view address)>& is_trusted);

/// What is counted as one client: an IPv4 address, or the /64 of an IPv6 address, which one
/// customer has all of. `address` as client_address() gives it.
std::string network_of(std::string_view address);

}  // namespace postrider::http
