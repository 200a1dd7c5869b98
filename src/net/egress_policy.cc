#include "net/egress_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/special_networks.h"

namespace postrider::net {
namespace {

constexpr std::uint8_t global_unicast_mask = 0xe0;  // 2000::/3, RFC 4291
constexpr std::uint8_t global_unicast = 0x20;

bool is_global_unicast(const IpAddress& address) {
    return !address.is_v6 || (address.bytes[0] & global_unicast_mask) == global_unicast;
}

bool is_public(const IpAddress& address) {
    return is_global_unicast(address) && find_special_network(address) == nullptr;
}

bool is_in_any(const std::vector<Cidr>& networks, const IpAddress& address) {
    return std::ranges::any_of(networks,
                               [&](const Cidr& network) { return network.contains(address); });
}

}  // namespace

IpAddress unwrap_mapped(const IpAddress& address) {
    static constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
    if (!address.is_v6) return address;
    if (!std::equal(mapped.begin(), mapped.end(), address.bytes.begin())) return address;
    IpAddress inner;
    std::copy(address.bytes.begin() + 12, address.bytes.end(), inner.bytes.begin());
    return inner;
}

bool EgressPolicy::passes(const IpAddress& address, bool tls) const {
    const auto inner = unwrap_mapped(address);
    if (is_in_any(allowed_networks, inner)) return true;
    return (tls || allow_http) && is_public(inner);
}

std::string EgressPolicy::refusal(const IpAddress& address, bool tls) const {
    if (passes(address, tls)) return {};
    const auto inner = unwrap_mapped(address);
    const auto text = inner.to_string();
    const auto flag = fmt::format("--allow-network {}/{}", text, inner.is_v6 ? 128 : 32);
    if (const auto* special = find_special_network(inner)) {
        return fmt::format(
            "{} is in {} ({}, {}), where deliveries may not connect unless the operator starts the "
            "server with {}",
            text, special->block.to_string(), special->name, special->source, flag);
    }
    if (!is_global_unicast(inner)) {
        return fmt::format(
            "{} is outside 2000::/3 (Global Unicast, RFC 4291), where deliveries may not connect "
            "unless the operator starts the server with {}",
            text, flag);
    }
    return fmt::format(
        "plain http to {} is not allowed: use https, or the operator starts the server with "
        "--allow-http or {}",
        text, flag);
}

Result<void> EgressPolicy::check(const Url& url) const {
    const auto refuse = [](std::string why) {
        return fail(ErrorCode::invalid_argument, std::move(why));
    };
    if (url.is_ip_literal) {
        const auto address = IpAddress::parse(url.host);
        if (!address) return refuse("the host is no address");
        if (auto why = refusal(*address, url.is_tls()); !why.empty()) return refuse(std::move(why));
        return {};
    }
    if (url.host == "localhost" || url.host.ends_with(".localhost")) {
        // RFC 6761: always a loopback address, so that the answer is known without asking.
        const auto v4 = *IpAddress::parse("127.0.0.1");
        if (passes(v4, url.is_tls()) || passes(*IpAddress::parse("::1"), url.is_tls())) return {};
        return refuse(refusal(v4, url.is_tls()));
    }
    if (!url.is_tls() && !allow_http && allowed_networks.empty()) {
        return refuse(
            "plain http is not allowed: use https, or the operator starts the server with "
            "--allow-http, or with --allow-network and the receiver's network");
    }
    return {};
}

}  // namespace postrider::net
