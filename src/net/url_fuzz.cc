#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/limits.h"
#include "net/egress_policy.h"
#include "net/ip_address.h"
#include "net/url.h"

/// What parses is in normal form: it prints as something that parses to the same, and its host can
/// hold nothing that a resolver or a request line could take for something else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto url = net::parse_url(text);
    if (!url) {
        CHECK(!url.error().message.empty());
        return 0;
    }
    const auto again = net::parse_url(url->to_string());
    CHECK(again.has_value());
    CHECK(*again == *url);
    CHECK(url->to_string().size() <= limits::url_bytes_max);
    CHECK(url->port != 0);
    CHECK(url->target.starts_with('/'));
    CHECK(net::IpAddress::parse(url->host).has_value() == url->is_ip_literal);
    for (const char c : url->to_string()) CHECK(c > 0x20 && c < 0x7f && c != '\\');
    for (const char c : url->host) CHECK(c != '@' && c != '%' && c != '/' && c != '[');

    net::EgressPolicy policy;
    const bool passes = policy.check(*url).has_value();
    if (!url->is_tls()) CHECK(!passes);
    if (url->is_ip_literal) {
        CHECK(passes == policy.passes(*net::IpAddress::parse(url->host), url->is_tls()));
    }
    return 0;
}
