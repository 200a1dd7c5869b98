#include "net/ip_address.h"

#include <gtest/gtest.h>

namespace postrider::net {
namespace {

TEST(IpAddressTest, CanonicalTextGoesThereAndBack) {
    for (const char* text :
         {"0.0.0.0", "127.0.0.1", "255.255.255.255", "192.0.2.1", "::", "::1", "2001:db8::1",
          "fe80::1", "::ffff:192.0.2.1", "2001:db8:1:2:3:4:5:6", "ff02::fb"}) {
        const auto address = IpAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->to_string(), text);
        EXPECT_EQ(address->is_v6, std::string_view(text).find(':') != std::string_view::npos);
    }
    EXPECT_EQ(IpAddress::parse("2001:DB8:0:0:0:0:0:1")->to_string(), "2001:db8::1");
    EXPECT_EQ(IpAddress::parse("::FFFF:c000:201")->to_string(), "::ffff:192.0.2.1");
}

TEST(IpAddressTest, RefusesEveryOtherSpelling) {
    using namespace std::string_view_literals;
    for (std::string_view text : {""sv,
                                  " "sv,
                                  "127.0.0.01"sv,
                                  "127.1"sv,
                                  "127.0.1"sv,
                                  "2130706433"sv,
                                  "0x7f.0.0.1"sv,
                                  "0x7f000001"sv,
                                  "0177.0.0.1"sv,
                                  "1.2.3.4."sv,
                                  ".1.2.3.4"sv,
                                  "1..2.3"sv,
                                  "256.0.0.1"sv,
                                  "1.2.3.4 "sv,
                                  " 1.2.3.4"sv,
                                  "1.2.3.4\0"sv,
                                  "1.2.3.4\0evil"sv,
                                  "1.2.3.4\n"sv,
                                  "1.2.3.4.5"sv,
                                  "-1.2.3.4"sv,
                                  "+1.2.3.4"sv,
                                  "[::1]"sv,
                                  "::1%lo"sv,
                                  "fe80::1%25eth0"sv,
                                  "1::2::3"sv,
                                  "12345::"sv,
                                  ":::"sv,
                                  "::1/128"sv,
                                  "::ffff:1.2.3"sv,
                                  "::1.2.3.256"sv,
                                  "0000:0000:0000:0000:0000:0000:0000:0000:0001"sv,
                                  "example.com"sv,
                                  "１.2.3.4"sv}) {
        EXPECT_FALSE(IpAddress::parse(text)) << text;
    }
}

struct ContainsRow {
    const char* network;
    const char* address;
    bool inside;
};

TEST(CidrTest, ContainsExactlyItsAddresses) {
    for (const ContainsRow& row : std::initializer_list<ContainsRow>{
             {"10.0.0.0/8", "10.0.0.0", true},
             {"10.0.0.0/8", "10.255.255.255", true},
             {"10.0.0.0/8", "9.255.255.255", false},
             {"10.0.0.0/8", "11.0.0.0", false},
             {"172.16.0.0/12", "172.31.255.255", true},
             {"172.16.0.0/12", "172.32.0.0", false},
             {"192.0.2.7", "192.0.2.7", true},
             {"192.0.2.7", "192.0.2.6", false},
             {"0.0.0.0/0", "203.0.113.9", true},
             {"0.0.0.0/0", "::ffff:203.0.113.9", false},
             {"::/0", "203.0.113.9", false},
             {"::/0", "2001:db8::1", true},
             {"fd00::/8", "fdff::1", true},
             {"fd00::/8", "fc00::1", false},
             {"2001:db8::/33", "2001:db8:7fff::1", true},
             {"2001:db8::/33", "2001:db8:8000::1", false},
             {"::1", "::1", true},
             {"::1", "::2", false},
         }) {
        const auto network = Cidr::parse(row.network);
        ASSERT_TRUE(network) << row.network;
        EXPECT_EQ(network->contains(*IpAddress::parse(row.address)), row.inside)
            << row.network << " " << row.address;
    }
}

TEST(CidrTest, TextGoesThereAndBack) {
    for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "::/0", "fd00::/8",
                             "2001:db8::1/128", "2001:db8::/33"}) {
        ASSERT_TRUE(Cidr::parse(text)) << text;
        EXPECT_EQ(Cidr::parse(text)->to_string(), text);
    }
    EXPECT_EQ(Cidr::parse("192.0.2.1")->to_string(), "192.0.2.1/32");
    EXPECT_EQ(Cidr::parse("::1")->to_string(), "::1/128");
}

TEST(CidrTest, RefusesWhatIsNoNetwork) {
    for (const char* text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ",
          "10.0.0.0/8/8", "10.0.0.1/8", "10.0.0.0/255.0.0.0", "10/8", "::/129", "fd00::1/8",
          "::1/127", "10.0.0.0/99999999999", "localhost/8", "fe80::%eth0/10"}) {
        EXPECT_FALSE(Cidr::parse(text)) << text;
    }
}

}  // namespace
}  // namespace postrider::net
