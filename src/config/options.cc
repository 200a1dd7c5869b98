#include "config/options.h"

#include <fmt/format.h>

#include <charconv>

#include "net/ip_address.h"
#include "net/url.h"

namespace postrider::config {
namespace {

using Values = std::vector<std::string>;
using Shape = Option::Shape;

std::unexpected<Error> must(std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || port > 65535) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(port);
}

/// "127.0.0.1:53", "[::1]:53".
std::optional<Listen> parse_socket_address(std::string_view text) {
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto port = parse_port(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    if (!port) return std::nullopt;
    if (host == "localhost") host = "127.0.0.1";
    bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    auto address = net::IpAddress::parse(host);
    if (!address || address->is_v6 != bracketed) return std::nullopt;
    return Listen{std::string(host), *port};
}

Result<void> set_boolean(bool& target, const std::string& text) {
    if (text == "true" || text == "1" || text == "yes" || text == "on") {
        target = true;
    } else if (text == "false" || text == "0" || text == "no" || text == "off") {
        target = false;
    } else {
        return must("must be true or false");
    }
    return {};
}

Values show_boolean(bool value) { return {value ? "true" : "false"}; }

Values show_text(const std::string& value) { return value.empty() ? Values{} : Values{value}; }

Result<void> set_path(std::string& target, const std::string& text) {
    if (text.empty() || text.find('\0') != std::string::npos) return must("must be a path");
    target = text;
    return {};
}

Result<void> set_database(Config& config, const Values& values) {
    std::string_view url = values.back();
    if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
        config.database_url = url;
        return {};
    }
    if (!url.starts_with("sqlite:") || url.size() == 7) {
        return must("must be sqlite:PATH or postgresql://USER@HOST/DATABASE");
    }
    config.database_url.clear();
    return set_path(config.database_path, std::string(url.substr(7)));
}

/// Without a password: PGPASSWORD or ~/.pgpass have it, then.
Values show_database(const Config& config) {
    std::string url = config.database_url;
    if (url.empty()) return {"sqlite:" + config.database_path};
    const auto begin = url.find("://") + 3;
    const auto at = url.find('@', begin);
    const auto colon = url.find(':', begin);
    if (at != std::string::npos && colon < at) url.erase(colon, at - colon);
    if (const auto query = url.find("password="); query != std::string::npos) {
        url.erase(query, std::min(url.find('&', query), url.size()) - query);
    }
    return {url};
}

Result<void> set_listen(Config& config, const Values& values) {
    auto listen = parse_socket_address(values.back());
    if (!listen) return must("must be ADDRESS:PORT, like 127.0.0.1:8080 or [::1]:8080");
    config.listen = *listen;
    return {};
}

Result<void> set_role(Config& config, const Values& values) {
    const auto& role = values.back();
    if (role != "all" && role != "api" && role != "deliver") {
        return must("must be all, api or deliver");
    }
    config.role = role;
    return {};
}

Result<void> set_metrics_listen(Config& config, const Values& values) {
    auto listen = parse_socket_address(values.back());
    if (!listen) return must("must be ADDRESS:PORT, like 127.0.0.1:9090 or [::1]:9090");
    config.metrics_listen = *listen;
    return {};
}

Result<void> set_public_url(Config& config, const Values& values) {
    auto url = net::parse_url(values.back());
    if (!url || url->target.find('?') != std::string::npos) {
        return must("must be an http or https URL without a query, like https://hooks.example.com");
    }
    config.public_url = url->to_string();
    while (config.public_url.ends_with('/')) config.public_url.pop_back();
    return {};
}

Result<void> set_cors_origins(Config& config, const Values& values) {
    config.cors_origins.clear();
    for (const auto& value : values) {
        const auto url = net::parse_url(value);
        if (!url || url->target != "/") {
            return must(
                "must be origins, like https://app.example.com: scheme, host and port of a page, "
                "each by its name (\"*\" is not taken)");
        }
        config.cors_origins.push_back(url->origin());
    }
    return {};
}

Result<void> set_allow_networks(Config& config, const Values& values) {
    for (const auto& network : values) {
        if (net::Cidr::parse(network)) continue;
        return must("must be networks in CIDR form without host bits, like 10.0.0.0/8 or fd00::/8");
    }
    config.allow_networks = values;
    return {};
}

Result<void> set_trusted_proxies(Config& config, const Values& values) {
    for (const auto& network : values) {
        if (net::Cidr::parse(network)) continue;
        return must("must be networks in CIDR form without host bits, like 10.0.0.0/8 or 10.1.2.3");
    }
    config.trusted_proxies = values;
    return {};
}

Result<void> set_dns_servers(Config& config, const Values& values) {
    std::string all;
    for (const auto& server : values) {
        if (!net::IpAddress::parse(server) && !parse_socket_address(server)) {
            return must("must be ADDRESS or ADDRESS:PORT, like 127.0.0.1:5353");
        }
        all += (all.empty() ? "" : ",") + server;
    }
    config.dns_servers = all;
    return {};
}

Result<void> set_egress_proxy(Config& config, const Values& values) {
    const auto url = net::parse_url(values.back());
    if (!url || url->is_tls() || url->target != "/") {
        return must(
            "must be http://HOST:PORT, without a path; its user name and password go into a file "
            "(--egress-proxy-credentials-file) or POSTRIDER_EGRESS_PROXY_CREDENTIALS");
    }
    config.egress_proxy = url->origin();
    return {};
}

Values split(std::string_view text, char separator) {
    Values parts;
    while (!text.empty()) {
        auto end = text.find(separator);
        auto part = text.substr(0, end);
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
        if (!part.empty()) parts.emplace_back(part);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return parts;
}

Result<void> set_payload_bytes_max(Config& config, const Values& values) {
    auto size = parse_size(values.back());
    if (!size || *size < 1024 || *size > limits::payload_bytes_max_hard) {
        return must(fmt::format("must be a size from 1KiB to {}, like 512KiB",
                                format_size(limits::payload_bytes_max_hard)));
    }
    config.payload_bytes_max = static_cast<std::size_t>(*size);
    return {};
}

Result<void> set_disk_reserve(Config& config, const Values& values) {
    auto size = parse_size(values.back());
    if (!size || *size < limits::disk_reserve_bytes_min || *size > limits::disk_reserve_bytes_max) {
        return must(fmt::format("must be a size from {} to {}, like 64MiB",
                                format_size(limits::disk_reserve_bytes_min),
                                format_size(limits::disk_reserve_bytes_max)));
    }
    config.disk_reserve_bytes = *size;
    return {};
}

Result<void> set_retry_schedule(Config& config, const Values& values) {
    std::vector<Duration> schedule;
    for (const auto& text : values) {
        auto wait = parse_duration(text);
        if (!wait || *wait <= 0s || *wait > limits::retry_delay_max) {
            return must(fmt::format("must be waits of at most {}, like 5s,5m,2h",
                                    format_duration(limits::retry_delay_max)));
        }
        schedule.push_back(*wait);
    }
    if (schedule.size() > limits::retry_schedule_entries_max) {
        return must(fmt::format("must have at most {} waits", limits::retry_schedule_entries_max));
    }
    config.retry_schedule = std::move(schedule);
    return {};
}

Values show_retry_schedule(const Config& config) {
    Values values;
    for (auto wait : config.retry_schedule) values.push_back(format_duration(wait));
    return values;
}

Result<void> set_timeout(Config& config, const Values& values) {
    auto timeout = parse_duration(values.back());
    if (!timeout || *timeout < limits::attempt_timeout_min ||
        *timeout > limits::attempt_timeout_max) {
        return must(fmt::format("must be a duration from {} to {}, like 10s",
                                format_duration(limits::attempt_timeout_min),
                                format_duration(limits::attempt_timeout_max)));
    }
    config.timeout = *timeout;
    return {};
}

Result<void> set_log_level(Config& config, const Values& values) {
    auto level = parse_log_level(values.back());
    if (!level) return must("must be debug, info, warning or error");
    config.log_level = *level;
    return {};
}

Result<void> set_log_format(Config& config, const Values& values) {
    auto format = parse_log_format(values.back());
    if (!format) return must("must be text or json");
    config.log_format = *format;
    return {};
}

template <auto Member>
bool take(Config& running, const Config& fresh) {
    running.*Member = fresh.*Member;
    return true;
}

/// Plain http stays plain http, and TLS stays TLS.
template <auto Member>
bool take_tls(Config& running, const Config& fresh) {
    return running.has_tls() == fresh.has_tls() && take<Member>(running, fresh);
}

constexpr Option table[] = {
    {{"data", "DIR", false,
      "folder of the store, the key and the first token (default: $STATE_DIRECTORY, else "
      "~/.local/share/postrider)"},
     [](Config& c, const Values& v) { return set_path(c.data, v.back()); },
     [](const Config& c) { return show_text(c.data); },
     Shape::text},
    {{"database", "URL", false,
      "where everything is stored: sqlite:PATH or postgresql://USER@HOST/DATABASE (default "
      "sqlite:<data>/postrider.db)"},
     set_database,
     show_database,
     Shape::text},
    {{"listen", "ADDRESS:PORT", false,
      "where the API is served (default 127.0.0.1:8080; port 0: any free one)"},
     set_listen,
     [](const Config& c) { return Values{c.listen.to_string()}; },
     Shape::text},
    {{"role", "ROLE", false,
      "of this node, where several share a PostgreSQL database: all, api (takes events, delivers "
      "nothing), deliver (delivers, serves health and metrics alone) (default all)"},
     set_role,
     [](const Config& c) { return show_text(c.role); },
     Shape::text},
    {{"public-url", "URL", false,
      "the URL that people reach the server by, behind a proxy for example (default "
      "http://<listen>)"},
     set_public_url,
     [](const Config& c) { return show_text(c.public_url); },
     Shape::text,
     "https://hooks.example.com",
     take<&Config::public_url>},
    {{"tls-cert", "FILE", false,
      "PEM of the server's certificate and its chain: the API speaks https; read again when it "
      "changes"},
     [](Config& c, const Values& v) { return set_path(c.tls_cert, v.back()); },
     [](const Config& c) { return show_text(c.tls_cert); },
     Shape::text,
     "/etc/postrider/cert.pem",
     take_tls<&Config::tls_cert>},
    {{"tls-key", "FILE", false, "PEM of its key, without a passphrase"},
     [](Config& c, const Values& v) { return set_path(c.tls_key, v.back()); },
     [](const Config& c) { return show_text(c.tls_key); },
     Shape::text,
     "/etc/postrider/key.pem",
     take_tls<&Config::tls_key>},
    {{"trusted-proxy", "CIDR", true,
      "a proxy whose X-Forwarded-For names the client; may be given again (default: none)"},
     set_trusted_proxies,
     [](const Config& c) { return Values(c.trusted_proxies); },
     Shape::list,
     "127.0.0.1/32",
     take<&Config::trusted_proxies>},
    {{"cors-origin", "ORIGIN", true,
      "an origin whose pages may call the API from a browser, with a token and without cookies; "
      "may "
      "be given again (default: none)"},
     set_cors_origins,
     [](const Config& c) { return c.cors_origins; },
     Shape::list,
     "https://app.example.com",
     take<&Config::cors_origins>},
    {{"metrics-listen", "ADDRESS:PORT", false,
      "serve /metrics alone there, without a token (default: no; /metrics needs view_metrics)"},
     set_metrics_listen,
     [](const Config& c) {
         return c.metrics_listen ? Values{c.metrics_listen->to_string()} : Values{};
     },
     Shape::text,
     "127.0.0.1:9090"},
    {{"insecure-http", "", false,
      "serve plain http on an address that is not loopback: tokens cross the network readable"},
     [](Config& c, const Values& v) { return set_boolean(c.insecure_http, v.back()); },
     [](const Config& c) { return show_boolean(c.insecure_http); },
     Shape::boolean},
    {{"allow-network", "CIDR", true,
      "let deliveries connect to this non-public network, like 10.0.0.0/8 (default: none)"},
     set_allow_networks,
     [](const Config& c) { return c.allow_networks; },
     Shape::list,
     "10.0.0.0/8"},
    {{"allow-http", "", false,
      "let webhooks have plain http URLs everywhere, not only in allowed networks"},
     [](Config& c, const Values& v) { return set_boolean(c.allow_http, v.back()); },
     [](const Config& c) { return show_boolean(c.allow_http); },
     Shape::boolean},
    {{"dns-servers", "ADDRESS[:PORT]", true,
      "DNS servers to ask about receivers (default: the system's)"},
     set_dns_servers,
     [](const Config& c) { return split(c.dns_servers, ','); },
     Shape::list,
     "127.0.0.53",
     take<&Config::dns_servers>},
    {{"ca-file", "FILE", false,
      "PEM of the authorities that receivers' certificates must have (default: the system's)"},
     [](Config& c, const Values& v) { return set_path(c.ca_file, v.back()); },
     [](const Config& c) { return show_text(c.ca_file); },
     Shape::text,
     "/etc/ssl/certs/ca-certificates.crt",
     take<&Config::ca_file>},
    {{"egress-proxy", "URL", false,
      "send everything to receivers through this HTTP proxy, by CONNECT; names are still resolved "
      "here (default: none)"},
     set_egress_proxy,
     [](const Config& c) { return show_text(c.egress_proxy); },
     Shape::text,
     "http://proxy.internal:3128"},
    {{"egress-proxy-credentials-file", "FILE", false,
      "the proxy's user name, a colon and its password, in one line (or "
      "POSTRIDER_EGRESS_PROXY_CREDENTIALS)"},
     [](Config& c, const Values& v) { return set_path(c.egress_proxy_credentials_file, v.back()); },
     [](const Config& c) { return show_text(c.egress_proxy_credentials_file); },
     Shape::text,
     "/etc/postrider/proxy-credentials"},
    {{"key-file", "FILE", false,
      "the key that seals secrets in the store (default <data>/key, made at the first start; or "
      "POSTRIDER_KEY)"},
     [](Config& c, const Values& v) { return set_path(c.key_file, v.back()); },
     [](const Config& c) { return show_text(c.key_file); },
     Shape::text},
    {{"payload-bytes-max", "SIZE", false,
      "largest `data` of one event (default 256KiB, at most 1MiB)"},
     set_payload_bytes_max,
     [](const Config& c) { return Values{format_size(c.payload_bytes_max)}; },
     Shape::text},
    {{"disk-reserve", "SIZE", false,
      "room kept on the disk so that deliveries are still recorded when it is full (default "
      "and least 16MiB)"},
     set_disk_reserve,
     [](const Config& c) { return Values{format_size(c.disk_reserve_bytes)}; },
     Shape::text},
    {{"retry-schedule", "WAIT", true,
      "waits between attempts (default 5s,5m,30m,2h,5h,10h,14h,20h,24h); a realm or webhook may "
      "have its own"},
     set_retry_schedule,
     show_retry_schedule,
     Shape::list},
    {{"timeout", "DURATION", false,
      "of one attempt, from DNS to the last byte (default 15s, at most 30s)"},
     set_timeout,
     [](const Config& c) { return Values{format_duration(c.timeout)}; },
     Shape::text},
    {{"log-level", "LEVEL", false, "debug, info, warning or error (default info)"},
     set_log_level,
     [](const Config& c) { return Values{std::string(to_string(c.log_level))}; },
     Shape::text,
     "",
     take<&Config::log_level>},
    {{"log-format", "FORMAT", false,
      "text or json (default text; where nothing is said and stderr is systemd's journal, its own "
      "form "
      "with fields)"},
     set_log_format,
     [](const Config& c) { return Values{std::string(to_string(c.log_format))}; },
     Shape::text,
     "",
     take<&Config::log_format>},
};

}  // namespace

std::span<const Option> option_table() { return table; }

const Option* find_option(std::string_view name) {
    for (const auto& option : table) {
        if (option.spec.name == name) return &option;
    }
    return nullptr;
}

std::vector<OptionSpec> options() {
    std::vector<OptionSpec> specs;
    for (const auto& option : table) specs.push_back(option.spec);
    return specs;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{}) return std::nullopt;
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    int shift = unit.empty() || unit == "B" ? 0
                : unit == "KiB"             ? 10
                : unit == "MiB"             ? 20
                : unit == "GiB"             ? 30
                                            : -1;
    if (shift < 0 || value > (UINT64_MAX >> shift)) return std::nullopt;
    return value << shift;
}

std::string format_size(std::uint64_t bytes) {
    constexpr std::pair<int, const char*> units[] = {{30, "GiB"}, {20, "MiB"}, {10, "KiB"}};
    for (auto [shift, unit] : units) {
        if (bytes != 0 && bytes % (std::uint64_t{1} << shift) == 0) {
            return fmt::format("{}{}", bytes >> shift, unit);
        }
    }
    return std::to_string(bytes);
}

}  // namespace postrider::config
