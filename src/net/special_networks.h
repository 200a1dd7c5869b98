#pragma once

#include <string_view>

#include "net/ip_address.h"

namespace postrider::net {

/// A block of addresses that is not plain public unicast.
struct SpecialNetwork {
    Cidr block;
    std::string_view name;
    std::string_view source;  ///< the RFC that set it aside
};

/// The smallest special block that holds `address`; nullptr when none does.
/// Source: the IANA IPv4 and IPv6 special-purpose address registries, multicast, and the addresses
/// of cloud platforms' own services.
const SpecialNetwork* find_special_network(const IpAddress& address);

}  // namespace postrider::net
