#include "net/url.h"

#include <gtest/gtest.h>

#include <string>

#include "model/limits.h"

namespace postrider::net {
namespace {

struct GoodRow {
    const char* text;
    const char* normal;
    const char* host;
    int port;
    const char* target;
    const char* host_header;
    bool literal = false;
};

TEST(UrlTest, ParsesAndNormalises) {
    for (const GoodRow& row : std::initializer_list<GoodRow>{
             {"https://example.com", "https://example.com/", "example.com", 443, "/",
              "example.com"},
             {"HTTPS://EXAMPLE.Com/A", "https://example.com/A", "example.com", 443, "/A",
              "example.com"},
             {"http://h", "http://h/", "h", 80, "/", "h"},
             {"http://h:80/", "http://h/", "h", 80, "/", "h"},
             {"https://h:80/", "https://h:80/", "h", 80, "/", "h:80"},
             {"https://h:/x", "https://h/x", "h", 443, "/x", "h"},
             {"http://[::1]:", "http://[::1]/", "::1", 80, "/", "[::1]", true},
             {"https://h:0443/", "https://h/", "h", 443, "/", "h"},
             {"https://h:65535", "https://h:65535/", "h", 65535, "/", "h:65535"},
             {"https://h?a=b&c", "https://h/?a=b&c", "h", 443, "/?a=b&c", "h"},
             {"https://h/a//b/../c?", "https://h/a//b/../c?", "h", 443, "/a//b/../c?", "h"},
             {"https://h/%7euser%2F?x=%41", "https://h/%7euser%2F?x=%41", "h", 443,
              "/%7euser%2F?x=%41", "h"},
             {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/",
              "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"},
             {"http://my_service:3000/hook", "http://my_service:3000/hook", "my_service", 3000,
              "/hook", "my_service:3000"},
             {"https://1and1.example/", "https://1and1.example/", "1and1.example", 443, "/",
              "1and1.example"},
             {"https://1.2.3.4.example/", "https://1.2.3.4.example/", "1.2.3.4.example", 443, "/",
              "1.2.3.4.example"},
             {"https://0xg/", "https://0xg/", "0xg", 443, "/", "0xg"},
             {"https://192.0.2.1/", "https://192.0.2.1/", "192.0.2.1", 443, "/", "192.0.2.1", true},
             {"https://[2001:DB8:0::1]:8443/x", "https://[2001:db8::1]:8443/x", "2001:db8::1", 8443,
              "/x", "[2001:db8::1]:8443", true},
             {"https://[::ffff:7f00:1]/", "https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1", 443,
              "/", "[::ffff:127.0.0.1]", true},
             {"https://h/a@b:c", "https://h/a@b:c", "h", 443, "/a@b:c", "h"},
         }) {
        const auto url = parse_url(row.text);
        ASSERT_TRUE(url) << row.text << ": " << url.error().message;
        EXPECT_EQ(url->to_string(), row.normal);
        EXPECT_EQ(url->host, row.host);
        EXPECT_EQ(url->port, row.port) << row.text;
        EXPECT_EQ(url->target, row.target);
        EXPECT_EQ(url->host_header(), row.host_header);
        EXPECT_EQ(url->is_ip_literal, row.literal) << row.text;
        EXPECT_EQ(parse_url(url->to_string()), *url) << row.text;
    }
}

struct BadRow {
    std::string text;
    const char* says;  ///< a part of the message
};

TEST(UrlTest, RefusesWithTheWayOut) {
    using namespace std::string_literals;
    for (const BadRow& row : std::initializer_list<BadRow>{
             {"", "empty"},
             {"example.com/hook", "not absolute"},
             {"//example.com/hook", "not absolute"},
             {"/hook", "not absolute"},
             {"https:example.com", "not absolute"},
             {"https:/example.com", "not absolute"},
             {"://example.com", "not absolute"},
             {"localhost:3000", "not absolute"},
             {"ftp://example.com/", "neither https nor http"},
             {"file:///etc/passwd", "neither https nor http"},
             {"gopher://h/", "neither https nor http"},
             {"javascript://h/%0a", "neither https nor http"},
             {"https://", "no host"},
             {"https:///path", "no host"},
             {"https://:443/", "no host"},
             {"https://user@h/", "Authorization"},
             {"https://user:password@h/", "Authorization"},
             {"https://@h/", "Authorization"},
             {"https://public.example@127.0.0.1/", "Authorization"},
             {"https://127.0.0.1%40public.example/", "percent-encoded"},
             {"https://h/#fragment", "fragment"},
             {"https://h#@evil/", "fragment"},
             {"https://h:0/", "1 to 65535"},
             {"https://h:65536/", "1 to 65535"},
             {"https://h:99999999999999999999/", "1 to 65535"},
             {"https://h/?tags[]=a", "{ } [ ]"},
             {"https://h:80a/", "1 to 65535"},
             {"https://h:-1/", "1 to 65535"},
             {"https://h:80:81/", "1 to 65535"},
             {" https://h/", "space"},
             {"https://h/ ", "space"},
             {"https://h/a b", "space"},
             {"https://h\t/", "control character"},
             {"https://h/\r\nHost: evil", "control character"},
             {"ht\ntps://h/", "control character"},
             {"https://h/\0"s, "control character"},
             {"https://h/\x7f", "control character"},
             {"https:\\\\h\\", "backslash"},
             {"https://h\\@evil/", "backslash"},
             {"https://bücher.example/", "A-label"},
             {"https://１27.0.0.1/", "A-label"},
             {"https://127。0。0。1/", "A-label"},
             {"https://h/bücher", "percent-encode"},
             {"https://h/?q=ü", "percent-encode"},
             {"https://ex%61mple.com/", "percent-encoded"},
             {"https://%31%32%37.0.0.1/", "percent-encoded"},
             {"https://[fe80::1%25eth0]/", "zone"},
             {"https://[fe80::1%eth0]/", "zone"},
             {"https://2130706433/", "four decimal numbers"},
             {"https://017700000001/", "four decimal numbers"},
             {"https://0x7f000001/", "four decimal numbers"},
             {"https://0x7f.0.0.1/", "four decimal numbers"},
             {"https://0177.0.0.1/", "four decimal numbers"},
             {"https://127.0.0.01/", "four decimal numbers"},
             {"https://127.1/", "four decimal numbers"},
             {"https://127.0.1/", "four decimal numbers"},
             {"https://0/", "four decimal numbers"},
             {"https://127.0.0.0x1/", "four decimal numbers"},
             {"https://0x/", "four decimal numbers"},
             {"https://example.0X1F/", "four decimal numbers"},
             {"https://256.0.0.1/", "four decimal numbers"},
             {"https://1.2.3.4.5/", "four decimal numbers"},
             {"https://127.0.0.1./", "four decimal numbers"},
             {"https://example.com./", "ends with a dot"},
             {"https://./", "dot"},
             {"https://a..b/", "empty part"},
             {"https://.a/", "empty part"},
             {"https://-a.b/", "hyphen"},
             {"https://a-.b/", "hyphen"},
             {"https://a!b/", "only letters"},
             {"https://a,b/", "only letters"},
             {"https://a'b/", "only letters"},
             {"https://*.example.com/", "only letters"},
             {"https://" + std::string(64, 'a') + "/", "63"},
             {"https://" + std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                  std::string(63, 'c') + "." + std::string(62, 'd') + "/",
              "253"},
             {"https://[::1/", "bracket"},
             {"https://::1/", "no host"},
             {"https://[127.0.0.1]/", "no IPv6 address"},
             {"https://[v1.x]/", "no IPv6 address"},
             {"https://[::1]x/", "bracket"},
             {"https://[]/", "no IPv6 address"},
             {"https://]/", "only letters"},
             {"https://h/%zz", "not well formed"},
             {"https://h/%", "not well formed"},
             {"https://h/<script>", "not well formed"},
             {"https://h/\"", "not well formed"},
             {"https://h/{id}", "not well formed"},
             {"https://h/" + std::string(limits::url_bytes_max, 'a'), "longer"},
         }) {
        const auto url = parse_url(row.text);
        ASSERT_FALSE(url) << row.text;
        EXPECT_EQ(url.error().code, ErrorCode::invalid_argument);
        EXPECT_NE(url.error().message.find(row.says), std::string::npos)
            << row.text << ": " << url.error().message;
    }
}

TEST(UrlTest, TheLongestUrlFitsAndOneByteMoreDoesNot) {
    std::string text = "https://h/";
    text.append(limits::url_bytes_max - text.size(), 'a');
    EXPECT_TRUE(parse_url(text));
    EXPECT_FALSE(parse_url(text + "a"));
    // The slash that normalising adds counts too.
    std::string query = "https://h?";
    query.append(limits::url_bytes_max - query.size(), 'a');
    EXPECT_FALSE(parse_url(query));
}

TEST(UrlTest, PrivateUseSchemesHaveADot) {
    for (const auto* text : {"com.example.app:/callback", "com.example.app://callback/x?y=z",
                             "com.example.app:/", "org.example-2.app+x:/"}) {
        EXPECT_TRUE(has_private_use_scheme(text)) << text;
        EXPECT_TRUE(check_private_use_uri(text)) << text;
    }
    for (const auto* text : {"", "myapp:/callback", "javascript:alert(1.0)", "https://example.com/",
                             "example.com/a:b", "com.example.app", "localhost:3000", "?a.b:c"}) {
        EXPECT_FALSE(has_private_use_scheme(text)) << text;
    }
    for (const BadRow& row : std::initializer_list<BadRow>{
             {"com..app:/", "empty part"},
             {".app:/", "empty part"},
             {"com.:/", "empty part"},
             {"shop.example.com:8443/callback", "https://"},
             {"com.example.app:", "no slash"},
             {"com.example.app:/a#b", "fragment"},
             {"com.example.app:/a b", "well formed"},
             {"com.example.app:/\xc3\xa9", "well formed"},
             {"com.ex_ample.app:/", "well formed"},
             {"1com.example:/", "well formed"},
             {"com.example.app:/" + std::string(2048, 'a'), "longer than"},
         }) {
        ASSERT_TRUE(has_private_use_scheme(row.text)) << row.text;
        const auto checked = check_private_use_uri(row.text);
        ASSERT_FALSE(checked) << row.text;
        EXPECT_NE(checked.error().message.find(row.says), std::string::npos) << row.text;
    }
}

}  // namespace
}  // namespace postrider::net
