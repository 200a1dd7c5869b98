#include "http/client_address.h"

#include <gtest/gtest.h>

namespace postrider::http {
namespace {

bool in_ten(std::string_view address) {
    return address.starts_with("10.") || address.starts_with("fd00:");
}

TEST(client_address, believes_trusted_proxies_only) {
    struct Row {
        const char* peer;
        std::vector<std::string> forwarded;
        const char* client;
    };
    const Row rows[] = {
        {"203.0.113.9", {}, "203.0.113.9"},
        {"203.0.113.9", {"198.51.100.1"}, "203.0.113.9"},  // not a proxy of ours
        {"10.0.0.1", {}, "10.0.0.1"},
        {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"198.51.100.1:4711"}, "198.51.100.1"},
        {"10.0.0.1", {"[2001:db8::1]:4711"}, "2001:db8::1"},
        {"10.0.0.1", {"2001:DB8:0::1"}, "2001:db8::1"},
        {"10.0.0.1", {"::ffff:198.51.100.1"}, "198.51.100.1"},
        // What a client adds by itself stands left of what the proxy saw.
        {"10.0.0.1", {"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"1.1.1.1", "198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
        {"10.0.0.1", {"198.51.100.1", "10.0.0.3 ,10.0.0.2"}, "198.51.100.1"},
        {"fd00::1", {"198.51.100.1,fd00::2"}, "198.51.100.1"},
        // All of them proxies: the one farthest away.
        {"10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
        // No address: the last proxy that is known.
        {"10.0.0.1", {"unknown"}, "10.0.0.1"},
        {"10.0.0.1", {"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2"},
        {"10.0.0.1", {""}, "10.0.0.1"},
        {"10.0.0.1", {"198.51.100.1,"}, "10.0.0.1"},
        {"10.0.0.1", {"010.0.0.9"}, "10.0.0.1"},
        {"10.0.0.1", {"[2001:db8::1"}, "10.0.0.1"},
        {"", {"198.51.100.1"}, ""},
    };
    for (const Row& row : rows) {
        std::vector<std::pair<std::string, std::string>> headers{{"host", "h"}};
        for (const auto& value : row.forwarded) headers.emplace_back("x-forwarded-for", value);
        headers.emplace_back("accept", "1.2.3.4");
        EXPECT_EQ(client_address(row.peer, headers, in_ten), row.client)
            << row.peer << " " << (row.forwarded.empty() ? "" : row.forwarded[0]);
        EXPECT_EQ(client_address(row.peer, headers, nullptr), row.peer);
    }
}

TEST(client_address, does_not_walk_for_ever) {
    std::string hops = "198.51.100.1";
    for (int i = 0; i < 5000; ++i) hops += ",10.0.0.2";
    EXPECT_EQ(client_address("10.0.0.1", {{"x-forwarded-for", hops}}, in_ten), "10.0.0.2");
}

TEST(ClientAddress, ANetworkIsAnIpv4AddressOrTheSlash64OfAnIpv6One) {
    EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:2:ffff::"));
    EXPECT_EQ(network_of("::1"), "::/64");
    EXPECT_EQ(network_of("none"), "none");
}

}  // namespace
}  // namespace postrider::http
