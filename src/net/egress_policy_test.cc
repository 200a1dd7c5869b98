#include "net/egress_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace postrider::net {
namespace {

IpAddress ip(const std::string& text) {
    const auto address = IpAddress::parse(text);
    EXPECT_TRUE(address) << text;
    return address.value_or(IpAddress{});
}

EgressPolicy allowing(std::initializer_list<const char*> networks, bool allow_http = false) {
    EgressPolicy policy;
    for (const auto* network : networks) policy.allowed_networks.push_back(*Cidr::parse(network));
    policy.allow_http = allow_http;
    return policy;
}

struct BlockRow {
    const char* block;  ///< as the refusal names it
    const char* first;
    const char* last;
    const char* before;  ///< a public address just outside; empty: none
    const char* after;
};

TEST(EgressPolicyTest, EverySpecialBlockEndsWhereItEnds) {
    const EgressPolicy policy;
    for (const BlockRow& row : std::initializer_list<BlockRow>{
             {"0.0.0.0/8", "0.0.0.1", "0.255.255.255", "", "1.0.0.0"},
             {"0.0.0.0/32", "0.0.0.0", "0.0.0.0", "", ""},
             {"10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"},
             {"100.64.0.0/10", "100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"},
             {"127.0.0.0/8", "127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"},
             {"168.63.129.16/32", "168.63.129.16", "168.63.129.16", "168.63.129.15",
              "168.63.129.17"},
             {"169.254.0.0/16", "169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"},
             {"172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"},
             {"192.0.0.0/29", "192.0.0.0", "192.0.0.7", "191.255.255.255", ""},
             {"192.0.0.8/32", "192.0.0.8", "192.0.0.8", "", ""},
             {"192.0.0.9/32", "192.0.0.9", "192.0.0.9", "", ""},
             {"192.0.0.10/32", "192.0.0.10", "192.0.0.10", "", ""},
             {"192.0.0.170/31", "192.0.0.170", "192.0.0.171", "", ""},
             {"192.0.0.0/24", "192.0.0.11", "192.0.0.255", "", "192.0.1.0"},
             {"192.0.2.0/24", "192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"},
             {"192.31.196.0/24", "192.31.196.0", "192.31.196.255", "192.31.195.255",
              "192.31.197.0"},
             {"192.52.193.0/24", "192.52.193.0", "192.52.193.255", "192.52.192.255",
              "192.52.194.0"},
             {"192.88.99.0/24", "192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"},
             {"192.168.0.0/16", "192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"},
             {"192.175.48.0/24", "192.175.48.0", "192.175.48.255", "192.175.47.255",
              "192.175.49.0"},
             {"198.18.0.0/15", "198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"},
             {"198.51.100.0/24", "198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"},
             {"203.0.113.0/24", "203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"},
             {"224.0.0.0/4", "224.0.0.0", "239.255.255.255", "223.255.255.255", ""},
             {"240.0.0.0/4", "240.0.0.0", "255.255.255.254", "", ""},
             {"255.255.255.255/32", "255.255.255.255", "255.255.255.255", "", ""},
             {"::/128", "::", "::", "", ""},
             {"::1/128", "::1", "::1", "", ""},
             {"::/96", "::2", "::ffff:ffff", "", ""},
             {"64:ff9b::/96", "64:ff9b::", "64:ff9b::ffff:ffff", "", ""},
             {"64:ff9b:1::/48", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "", ""},
             {"100::/64", "100::", "100::ffff:ffff:ffff:ffff", "", ""},
             {"100:0:0:1::/64", "100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", "", ""},
             {"2001::/32", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff::1", ""},
             {"2001:1::1/128", "2001:1::1", "2001:1::1", "", ""},
             {"2001:1::2/128", "2001:1::2", "2001:1::2", "", ""},
             {"2001:1::3/128", "2001:1::3", "2001:1::3", "", ""},
             {"2001:2::/48", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "", ""},
             {"2001:3::/32", "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
             {"2001:4:112::/48", "2001:4:112::", "2001:4:112:ffff::", "", ""},
             {"2001:10::/28", "2001:10::", "2001:1f:ffff::", "", ""},
             {"2001:20::/28", "2001:20::", "2001:2f:ffff::", "", ""},
             {"2001:30::/28", "2001:30::", "2001:3f:ffff::", "", ""},
             {"2001::/23", "2001:5::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "", "2001:200::"},
             {"2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
              "2001:db7:ffff::", "2001:db9::"},
             {"2002::/16", "2002::", "2002:ffff:ffff::", "2001:ffff::", "2003::"},
             {"2620:4f:8000::/48",
              "2620:4f:8000::", "2620:4f:8000:ffff::", "2620:4f:7fff:ffff::", "2620:4f:8001::"},
             {"3fff::/20", "3fff::", "3fff:fff:ffff::", "3ffe:ffff::", "3fff:1000::"},
             {"5f00::/16", "5f00::", "5f00:ffff::", "", ""},
             {"fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
             {"fe80::/10", "fe80::", "febf:ffff::", "", ""},
             {"fec0::/10", "fec0::", "feff:ffff::", "", ""},
             {"ff00::/8", "ff00::", "ffff:ffff::", "", ""},
         }) {
        for (const auto* inside : {row.first, row.last}) {
            EXPECT_FALSE(policy.passes(ip(inside), true)) << inside;
            const auto why = policy.refusal(ip(inside), true);
            EXPECT_NE(why.find(ip(inside).to_string() + " is in " + row.block + " ("),
                      std::string::npos)
                << why;
            EXPECT_NE(why.find("--allow-network " + ip(inside).to_string() + "/"),
                      std::string::npos)
                << why;
        }
        for (const std::string outside : {row.before, row.after}) {
            if (outside.empty()) continue;
            EXPECT_TRUE(policy.passes(ip(outside), true)) << outside;
            EXPECT_EQ(policy.refusal(ip(outside), true), "");
        }
    }
}

TEST(EgressPolicyTest, PublicAddressesPassForTls) {
    const EgressPolicy policy;
    for (const auto* text : {"1.1.1.1", "8.8.8.8", "93.184.216.34", "223.255.255.255",
                             "2606:4700::1111", "2a00:1450:4001::1", "2000::1", "3ffe::1"}) {
        EXPECT_TRUE(policy.passes(ip(text), true)) << text;
        EXPECT_FALSE(policy.passes(ip(text), false)) << text;
    }
}

TEST(EgressPolicyTest, OutsideGlobalUnicastNothingPasses) {
    const EgressPolicy policy;
    for (const auto* text : {"1::1", "200::1", "400::1", "1fff::1", "4000::1", "6000::1", "8000::1",
                             "a000::1", "c000::1", "e000::1", "f000::1", "f800::1", "fe00::1"}) {
        EXPECT_FALSE(policy.passes(ip(text), true)) << text;
        EXPECT_NE(policy.refusal(ip(text), true).find("2000::/3"), std::string::npos) << text;
    }
}

TEST(EgressPolicyTest, MappedAddressesAreJudgedAsIpv4) {
    const EgressPolicy policy;
    EXPECT_FALSE(policy.passes(ip("::ffff:127.0.0.1"), true));
    EXPECT_FALSE(policy.passes(ip("::ffff:169.254.169.254"), true));
    EXPECT_FALSE(policy.passes(ip("::ffff:168.63.129.16"), true));
    EXPECT_TRUE(policy.passes(ip("::ffff:8.8.8.8"), true));
    EXPECT_NE(policy.refusal(ip("::ffff:10.0.0.1"), true).find("10.0.0.1 is in 10.0.0.0/8"),
              std::string::npos);
    EXPECT_TRUE(allowing({"10.0.0.0/8"}).passes(ip("::ffff:10.0.0.1"), true));
    // All of IPv6 is not a way into IPv4.
    EXPECT_FALSE(allowing({"::/0"}).passes(ip("::ffff:10.0.0.1"), true));
    EXPECT_EQ(unwrap_mapped(ip("::ffff:10.0.0.1")), ip("10.0.0.1"));
    EXPECT_EQ(unwrap_mapped(ip("::fffe:a00:1")), ip("::fffe:a00:1"));
    EXPECT_EQ(unwrap_mapped(ip("10.0.0.1")), ip("10.0.0.1"));
}

struct HttpRow {
    EgressPolicy policy;
    const char* address;
    bool http;
    bool tls;
};

TEST(EgressPolicyTest, PlainHttpOnlyWhereAllowed) {
    const auto lan = allowing({"10.0.0.0/8", "fd00::/8"});
    const auto http = allowing({}, true);
    for (const HttpRow& row : std::initializer_list<HttpRow>{
             {lan, "10.1.2.3", true, true},
             {lan, "fd12::1", true, true},
             {lan, "192.168.0.1", false, false},
             {lan, "8.8.8.8", false, true},
             {http, "8.8.8.8", true, true},
             {http, "10.1.2.3", false, false},
             {http, "::1", false, false},
             {allowing({"8.8.8.0/24"}), "8.8.8.8", true, true},
         }) {
        EXPECT_EQ(row.policy.passes(ip(row.address), false), row.http) << row.address;
        EXPECT_EQ(row.policy.passes(ip(row.address), true), row.tls) << row.address;
        EXPECT_EQ(row.policy.refusal(ip(row.address), false).empty(), row.http) << row.address;
    }
    EXPECT_NE(lan.refusal(ip("8.8.8.8"), false).find("--allow-http"), std::string::npos);
    EXPECT_EQ(http.refusal(ip("10.1.2.3"), false).find("--allow-http"), std::string::npos);
}

struct CheckRow {
    EgressPolicy policy;
    const char* url;
    const char* says;  ///< empty: it passes
};

TEST(EgressPolicyTest, ChecksWhatAUrlTellsWithoutResolving) {
    const auto loopback = allowing({"127.0.0.0/8"});
    for (const CheckRow& row : std::initializer_list<CheckRow>{
             {{}, "https://example.com/", ""},
             {{}, "http://example.com/", "--allow-http"},
             {{}, "https://127.0.0.1/", "--allow-network 127.0.0.1/32"},
             {{}, "https://[::1]/", "--allow-network ::1/128"},
             {{}, "https://[::ffff:127.0.0.1]/", "127.0.0.0/8"},
             {{}, "https://8.8.8.8/", ""},
             {{}, "http://8.8.8.8/", "--allow-http"},
             {{}, "https://localhost/", "--allow-network 127.0.0.1/32"},
             {{}, "https://a.localhost/", "--allow-network 127.0.0.1/32"},
             {loopback, "http://localhost:3000/", ""},
             {loopback, "http://127.0.0.1:3000/", ""},
             {allowing({"::1"}), "http://localhost:3000/", ""},
             {loopback, "http://[::1]:3000/", "--allow-network ::1/128"},
             {loopback, "http://receiver.internal/", ""},
             {allowing({}, true), "http://example.com/", ""},
         }) {
        const auto checked = row.policy.check(*parse_url(row.url));
        ASSERT_EQ(checked.has_value(), std::string(row.says).empty()) << row.url;
        if (checked) continue;
        EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
        EXPECT_NE(checked.error().message.find(row.says), std::string::npos)
            << checked.error().message;
    }
}

}  // namespace
}  // namespace postrider::net
