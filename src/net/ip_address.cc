#include "net/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace postrider::net {

std::string IpAddress::to_string() const {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), text, sizeof text);
    return text;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    // inet_pton reads a C string: a NUL inside would hide what follows it.
    char buffer[INET6_ADDRSTRLEN] = {};
    if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    std::memcpy(buffer, text.data(), text.size());

    IpAddress address;
    address.is_v6 = text.find(':') != std::string_view::npos;
    if (inet_pton(address.is_v6 ? AF_INET6 : AF_INET, buffer, address.bytes.data()) != 1) {
        return std::nullopt;
    }
    return address;
}

bool Cidr::contains(const IpAddress& other) const {
    if (address.is_v6 != other.is_v6) return false;
    const unsigned whole = prefix / 8;
    if (std::memcmp(address.bytes.data(), other.bytes.data(), whole) != 0) return false;
    const unsigned rest = prefix % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
    return ((address.bytes[whole] ^ other.bytes[whole]) & mask) == 0;
}

std::string Cidr::to_string() const { return fmt::format("{}/{}", address.to_string(), prefix); }

std::optional<Cidr> Cidr::parse(std::string_view text) {
    const auto slash = text.find('/');
    auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    const unsigned prefix_max = address->is_v6 ? 128 : 32;
    Cidr network{*address, prefix_max};
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        if (digits.empty() || digits.size() > 3) return std::nullopt;
        if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
        const auto [rest, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), network.prefix);
        if (error != std::errc{} || rest != digits.data() + digits.size()) return std::nullopt;
        if (network.prefix > prefix_max) return std::nullopt;
    }
    for (unsigned bit = network.prefix; bit < prefix_max; ++bit) {
        if (address->bytes[bit / 8] & (0x80 >> (bit % 8))) return std::nullopt;
    }
    return network;
}

}  // namespace postrider::net
