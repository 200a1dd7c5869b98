#include "http/client_address.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>

#include "model/limits.h"

namespace postrider::http {
namespace {

namespace ip = boost::asio::ip;

/// An IPv4 or IPv6 address in normal form, with or without a port; IPv4-mapped ones unwrapped.
std::optional<std::string> parse_hop(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        text = text.substr(1, end - 1);
    } else if (text.find('.') != std::string_view::npos) {
        // Only IPv4 can have its port without brackets; an IPv4-mapped one has two colons.
        if (const auto colon = text.find(':'); colon == text.rfind(':')) {
            text = text.substr(0, colon);
        }
    }
    boost::system::error_code error;
    const auto address = ip::make_address(text, error);
    if (error) return std::nullopt;
    if (!address.is_v6()) return address.to_string();
    const auto v6 = address.to_v6();
    if (v6.scope_id() != 0) return std::nullopt;
    if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
    return address.to_string();
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::string network_of(std::string_view address) {
    if (address.find(':') == std::string_view::npos) return std::string(address);
    boost::system::error_code error;
    const auto v6 = ip::make_address_v6(address, error);
    if (error) return std::string(address);
    auto bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    return ip::make_address_v6(bytes).to_string() + "/64";
}

std::string client_address(std::string_view peer,
                           const std::vector<std::pair<std::string, std::string>>& headers,
                           const std::function<bool(std::string_view address)>& is_trusted) {
    std::string client(peer);
    if (!is_trusted || !is_trusted(client)) return client;
    std::size_t hops = 0;
    for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
        if (header->first != "x-forwarded-for") continue;
        std::string_view rest = header->second;
        for (bool is_first = false; !is_first;) {
            const auto comma = rest.rfind(',');
            is_first = comma == std::string_view::npos;
            const auto hop = parse_hop(trimmed(rest.substr(is_first ? 0 : comma + 1)));
            if (!hop || ++hops > limits::forwarded_hops_max) return client;
            client = *hop;
            if (!is_trusted(client)) return client;
            if (!is_first) rest = rest.substr(0, comma);
        }
    }
    return client;
}

}  // namespace postrider::http
