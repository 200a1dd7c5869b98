#pragma once

#include <string>

namespace postrider::directory {

/// Where somebody comes from who has not proved who they are.
struct Origin {
    std::string network;  ///< an IPv4 address, or the first 64 bits of an IPv6 one: one customer's
    std::string group;    ///< of IPv6 the first 48 bits, which are often one's; else the network
};
/// `address`: of the client, as text; any other text is its own network. Thread-safety: any thread.
Origin origin_of(const std::string& address);

}  // namespace postrider::directory
