#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <charconv>
#include <optional>

#include "model/limits.h"
#include "net/ip_address.h"

namespace postrider::net {
namespace {

constexpr std::size_t label_bytes_max = 63;  // RFC 1035
constexpr std::size_t host_bytes_max = 253;

std::unexpected<Error> refuse(std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

std::string to_lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

/// The part of the text in which host and port stand; what it says of a URL that is not one is used
/// for messages only.
std::string_view authority_of(std::string_view text) {
    const auto begin = text.find("://");
    if (begin == std::string_view::npos) return {};
    const auto rest = text.substr(begin + 3);
    return rest.substr(0, rest.find_first_of("/?#"));
}

Result<void> check_characters(std::string_view text) {
    const auto authority = authority_of(text);
    const auto* authority_end = authority.data() + authority.size();
    for (const char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == ' ') return refuse("the URL has a space: write %20 in its path, or remove it");
        if (byte < 0x20 || byte == 0x7f)
            return refuse("the URL has a control character: remove it");
        if (c == '\\') return refuse("the URL has a backslash: write a slash, or %5C");
        if (byte < 0x80) continue;
        if (!authority.empty() && &c < authority_end) {
            return refuse(
                "the host has characters beyond ASCII: write its A-label, which begins with xn--");
        }
        return refuse("the URL has characters beyond ASCII: percent-encode them");
    }
    return {};
}

Result<void> check_scheme(std::string_view text) {
    const auto colon = text.find(':');
    const auto slash = text.find_first_of("/?#");
    if (colon == std::string_view::npos || colon == 0 || slash < colon ||
        !text.substr(colon).starts_with("://")) {
        return refuse("the URL is not absolute: begin it with https://");
    }
    const auto scheme = to_lower(text.substr(0, colon));
    if (scheme != "https" && scheme != "http") {
        return refuse("the URL's scheme is neither https nor http: begin it with https://");
    }
    return {};
}

/// What browsers and resolvers take for an IPv4 address in another spelling: the last label is a
/// number, decimal or 0x. Source: WHATWG URL, "ends in a number".
bool ends_in_number(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    const auto dot = host.rfind('.');
    const auto last = dot == std::string_view::npos ? host : host.substr(dot + 1);
    if (last.empty()) return false;
    if (std::ranges::all_of(last, is_digit)) return true;
    return last.starts_with("0x") && std::ranges::all_of(last.substr(2), is_hex);
}

Result<void> check_name(std::string_view host) {
    if (host.size() > host_bytes_max) return refuse("the host is longer than 253 characters");
    if (host.ends_with('.')) return refuse("the host ends with a dot: remove the dot");
    while (true) {
        const auto dot = host.find('.');
        const auto label = host.substr(0, dot);
        if (label.empty()) return refuse("the host has an empty part between its dots");
        if (label.size() > label_bytes_max) {
            return refuse("a part of the host is longer than 63 characters");
        }
        if (label.front() == '-' || label.back() == '-') {
            return refuse("a part of the host begins or ends with a hyphen");
        }
        const bool plain = std::ranges::all_of(label, [](char c) {
            return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
        });
        if (!plain) {
            return refuse("the host may hold only letters, digits, hyphens, underscores and dots");
        }
        if (dot == std::string_view::npos) return {};
        host.remove_prefix(dot + 1);
    }
}

Result<void> set_host(Url& url, std::string_view host) {
    if (host.empty()) return refuse("the URL has no host");
    if (host.starts_with('[')) {
        auto inner = host.substr(1);
        if (!inner.ends_with(']')) return refuse("the IPv6 address has no closing bracket");
        inner.remove_suffix(1);
        const auto address = IpAddress::parse(inner);
        if (!address || !address->is_v6) {
            return refuse("the host in brackets is no IPv6 address");
        }
        url.host = address->to_string();
        url.is_ip_literal = true;
        return {};
    }
    url.host = to_lower(host);
    if (!ends_in_number(url.host)) return check_name(url.host);
    const auto address = IpAddress::parse(url.host);
    if (!address) {
        return refuse(
            "the host is an IPv4 address in an unusual form: write four decimal numbers without "
            "leading zeros, such as 192.0.2.1");
    }
    url.is_ip_literal = true;
    return {};
}

Result<void> set_port(Url& url, std::string_view digits) {
    if (digits.empty()) return {};  // the scheme's own port: RFC 3986 section 3.2.3
    const auto [rest, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (error != std::errc{} || rest != digits.data() + digits.size() || url.port == 0) {
        return refuse("the port is not a number from 1 to 65535");
    }
    return {};
}

/// Host and port are read here and not by Boost.URL 1.81, which takes "h:80a/" for port 80 and a
/// path, and "1.2.3.4.example" for an address and a path.
Result<void> set_authority(Url& url, std::string_view authority) {
    const auto bracket = authority.rfind(']');
    const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    POSTRIDER_TRY(set_host(url, authority.substr(0, colon)));
    url.port = url.is_tls() ? 443 : 80;
    if (colon == std::string_view::npos) return {};
    return set_port(url, authority.substr(colon + 1));
}

/// Before Boost.URL, whose words about the same mistakes help nobody.
Result<void> check_text(std::string_view text) {
    if (text.empty()) return refuse("the URL is empty");
    if (text.size() > limits::url_bytes_max) {
        return refuse(fmt::format("the URL is longer than {} bytes", limits::url_bytes_max));
    }
    POSTRIDER_TRY(check_characters(text));
    POSTRIDER_TRY(check_scheme(text));
    const auto authority = authority_of(text);
    if (authority.find('@') != std::string_view::npos) {
        return refuse(
            "the URL has user information before an @: put credentials into a header, such as "
            "Authorization");
    }
    if (authority.find('%') != std::string_view::npos) {
        return authority.starts_with('[')
                   ? refuse("the IPv6 address has a zone: write it without the % and the interface")
                   : refuse("the host is percent-encoded: write its characters as they are");
    }
    if (text.find('#') != std::string_view::npos) {
        return refuse("the URL has a fragment, which is never sent: remove the # and what follows");
    }
    return {};
}

}  // namespace

std::string Url::origin() const {
    std::string text = scheme + "://";
    text += host_header();
    return text;
}

std::string Url::host_header() const {
    const bool is_v6 = is_ip_literal && host.find(':') != std::string::npos;
    std::string text = is_v6 ? "[" + host + "]" : host;
    if (port != (is_tls() ? 443 : 80)) text += ":" + std::to_string(port);
    return text;
}

Result<Url> parse_url(std::string_view text) {
    POSTRIDER_TRY(check_text(text));
    const auto authority = authority_of(text);
    Url url;
    url.scheme = to_lower(text.substr(0, text.find(':')));
    POSTRIDER_TRY(set_authority(url, authority));

    // The path and the query go out as they were typed: normalising them would break receivers that
    // sign or compare them.
    url.target = std::string(authority.data() + authority.size(), text.data() + text.size());
    if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
    if (!boost::urls::parse_origin_form({url.target.data(), url.target.size()})) {
        return refuse(
            "the URL is not well formed: percent-encode what RFC 3986 does not allow, such as \" < "
            "> { } [ ] | ^ ` and a % without two hex digits; tags[] is written tags%5B%5D");
    }
    if (url.to_string().size() > limits::url_bytes_max) {
        return refuse(fmt::format("the URL is longer than {} bytes", limits::url_bytes_max));
    }
    return url;
}

bool has_private_use_scheme(std::string_view text) {
    const auto scheme = text.substr(0, text.find_first_of(":/?#"));
    return scheme.size() < text.size() && text[scheme.size()] == ':' &&
           scheme.find('.') != std::string_view::npos;
}

Result<void> check_private_use_uri(std::string_view text) {
    if (text.size() > limits::url_bytes_max) {
        return refuse(fmt::format("the URI is longer than {} bytes", limits::url_bytes_max));
    }
    const auto scheme = text.substr(0, text.find(':'));
    if (scheme.starts_with('.') || scheme.ends_with('.') ||
        scheme.find("..") != std::string_view::npos) {
        return refuse(
            "the URI's scheme has an empty part: write a domain name of yours in reverse order, "
            "such as com.example.app");
    }
    if (text.substr(scheme.size() + 1, 1) != "/") {
        return refuse(
            "the URI has no slash behind its scheme: begin it with https://, or write an app's own "
            "as com.example.app:/path");
    }
    if (text.find('#') != std::string_view::npos) {
        return refuse("the URI has a fragment: remove the # and what follows");
    }
    if (!boost::urls::parse_absolute_uri({text.data(), text.size()})) {
        return refuse(
            "the URI is not well formed: write it as com.example.app:/path, and percent-encode "
            "what RFC 3986 does not allow, such as spaces and characters beyond ASCII");
    }
    return {};
}

}  // namespace postrider::net
