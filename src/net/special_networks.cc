#include "net/special_networks.h"

#include <cstddef>
#include <initializer_list>

namespace postrider::net {
namespace {

constexpr Cidr v4(std::initializer_list<std::uint8_t> bytes, unsigned prefix) {
    Cidr block;
    std::size_t index = 0;
    for (const auto byte : bytes) block.address.bytes[index++] = byte;
    block.prefix = prefix;
    return block;
}

/// The leading groups of an IPv6 address; the rest is zero.
constexpr Cidr v6(std::initializer_list<std::uint16_t> groups, unsigned prefix) {
    Cidr block;
    block.address.is_v6 = true;
    std::size_t index = 0;
    for (const auto group : groups) {
        block.address.bytes[index++] = static_cast<std::uint8_t>(group >> 8);
        block.address.bytes[index++] = static_cast<std::uint8_t>(group);
    }
    block.prefix = prefix;
    return block;
}

// Every entry of both registries, those that are globally reachable among them: nobody's webhook
// receiver is an anycast relay or a root of reverse DNS.
constexpr SpecialNetwork special_networks[] = {
    {v4({0, 0, 0, 0}, 8), "This network", "RFC 791"},
    {v4({0, 0, 0, 0}, 32), "This host on this network", "RFC 1122"},
    {v4({10, 0, 0, 0}, 8), "Private-Use", "RFC 1918"},
    {v4({100, 64, 0, 0}, 10), "Shared Address Space", "RFC 6598"},
    {v4({127, 0, 0, 0}, 8), "Loopback", "RFC 1122"},
    {v4({168, 63, 129, 16}, 32), "a cloud platform's host agent", "not registered"},
    {v4({169, 254, 0, 0}, 16), "Link Local", "RFC 3927"},
    {v4({172, 16, 0, 0}, 12), "Private-Use", "RFC 1918"},
    {v4({192, 0, 0, 0}, 24), "IETF Protocol Assignments", "RFC 6890"},
    {v4({192, 0, 0, 0}, 29), "IPv4 Service Continuity Prefix", "RFC 7335"},
    {v4({192, 0, 0, 8}, 32), "IPv4 dummy address", "RFC 7600"},
    {v4({192, 0, 0, 9}, 32), "Port Control Protocol Anycast", "RFC 7723"},
    {v4({192, 0, 0, 10}, 32), "Traversal Using Relays around NAT Anycast", "RFC 8155"},
    {v4({192, 0, 0, 170}, 31), "NAT64/DNS64 Discovery", "RFC 8880"},
    {v4({192, 0, 2, 0}, 24), "Documentation (TEST-NET-1)", "RFC 5737"},
    {v4({192, 31, 196, 0}, 24), "AS112-v4", "RFC 7535"},
    {v4({192, 52, 193, 0}, 24), "AMT", "RFC 7450"},
    {v4({192, 88, 99, 0}, 24), "Deprecated (6to4 Relay Anycast)", "RFC 7526"},
    {v4({192, 168, 0, 0}, 16), "Private-Use", "RFC 1918"},
    {v4({192, 175, 48, 0}, 24), "Direct Delegation AS112 Service", "RFC 7534"},
    {v4({198, 18, 0, 0}, 15), "Benchmarking", "RFC 2544"},
    {v4({198, 51, 100, 0}, 24), "Documentation (TEST-NET-2)", "RFC 5737"},
    {v4({203, 0, 113, 0}, 24), "Documentation (TEST-NET-3)", "RFC 5737"},
    {v4({224, 0, 0, 0}, 4), "Multicast", "RFC 5771"},
    {v4({240, 0, 0, 0}, 4), "Reserved", "RFC 1112"},
    {v4({255, 255, 255, 255}, 32), "Limited Broadcast", "RFC 919"},

    {v6({}, 128), "Unspecified Address", "RFC 4291"},
    {v6({0, 0, 0, 0, 0, 0, 0, 1}, 128), "Loopback Address", "RFC 4291"},
    {v6({}, 96), "Deprecated (IPv4-Compatible)", "RFC 4291"},
    {v6({0, 0, 0, 0, 0, 0xffff}, 96), "IPv4-mapped Address", "RFC 4291"},
    {v6({0x64, 0xff9b}, 96), "IPv4-IPv6 Translat.", "RFC 6052"},
    {v6({0x64, 0xff9b, 1}, 48), "IPv4-IPv6 Translat.", "RFC 8215"},
    {v6({0x100}, 64), "Discard-Only Address Block", "RFC 6666"},
    {v6({0x100, 0, 0, 1}, 64), "Dummy IPv6 Prefix", "RFC 9780"},
    {v6({0x2001}, 23), "IETF Protocol Assignments", "RFC 2928"},
    {v6({0x2001}, 32), "TEREDO", "RFC 4380"},
    {v6({0x2001, 1, 0, 0, 0, 0, 0, 1}, 128), "Port Control Protocol Anycast", "RFC 7723"},
    {v6({0x2001, 1, 0, 0, 0, 0, 0, 2}, 128), "Traversal Using Relays around NAT Anycast",
     "RFC 8155"},
    {v6({0x2001, 1, 0, 0, 0, 0, 0, 3}, 128), "DNS-SD Service Registration Protocol Anycast",
     "RFC 9665"},
    {v6({0x2001, 2}, 48), "Benchmarking", "RFC 5180"},
    {v6({0x2001, 3}, 32), "AMT", "RFC 7450"},
    {v6({0x2001, 4, 0x112}, 48), "AS112-v6", "RFC 7535"},
    {v6({0x2001, 0x10}, 28), "Deprecated (ORCHID)", "RFC 4843"},
    {v6({0x2001, 0x20}, 28), "ORCHIDv2", "RFC 7343"},
    {v6({0x2001, 0x30}, 28), "Drone Remote ID Protocol Entity Tags", "RFC 9374"},
    {v6({0x2001, 0xdb8}, 32), "Documentation", "RFC 3849"},
    {v6({0x2002}, 16), "6to4", "RFC 3056"},
    {v6({0x2620, 0x4f, 0x8000}, 48), "Direct Delegation AS112 Service", "RFC 7534"},
    {v6({0x3fff}, 20), "Documentation", "RFC 9637"},
    {v6({0x5f00}, 16), "Segment Routing (SRv6) SIDs", "RFC 9602"},
    {v6({0xfc00}, 7), "Unique-Local", "RFC 4193"},
    {v6({0xfe80}, 10), "Link-Local Unicast", "RFC 4291"},
    {v6({0xfec0}, 10), "Deprecated (Site-Local)", "RFC 3879"},
    {v6({0xff00}, 8), "Multicast", "RFC 4291"},
};

}  // namespace

const SpecialNetwork* find_special_network(const IpAddress& address) {
    const SpecialNetwork* found = nullptr;
    for (const auto& network : special_networks) {
        if (!network.block.contains(address)) continue;
        if (found == nullptr || network.block.prefix > found->block.prefix) found = &network;
    }
    return found;
}

}  // namespace postrider::net
