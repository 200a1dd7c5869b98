#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::net {

/// An IPv4 or IPv6 address. ::ffff:a.b.c.d is not unwrapped here; the egress policy does that.
struct IpAddress {
    bool is_v6 = false;
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4 in the first four, network order

    std::string to_string() const;
    /// Canonical forms only: dotted quad without leading zeros; RFC 4291 text, no zone.
    static std::optional<IpAddress> parse(std::string_view text);
    auto operator<=>(const IpAddress&) const = default;
};

/// A network in CIDR form.
struct Cidr {
    IpAddress address;
    unsigned prefix = 0;

    bool contains(const IpAddress& other) const;
    std::string to_string() const;
    /// "10.0.0.0/8", "fd00::/8"; a bare address is /32 or /128. nullopt when bits below the prefix
    /// are set.
    static std::optional<Cidr> parse(std::string_view text);
    bool operator==(const Cidr&) const = default;
};

}  // namespace postrider::net
