#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/limits.h"
#include "model/logging.h"

/// What `postrider serve` is told. Every option is a flag (--allow-network), an environment
/// variable (POSTRIDER_ALLOW_NETWORK) and a key of the TOML file (allow_network); a flag wins over
/// the environment, the environment over the file, the file over the default.
namespace postrider::config {

struct Listen {
    std::string address = "127.0.0.1";  ///< an IP literal, IPv6 without its brackets
    std::uint16_t port = 8080;          ///< 0: any free one
    bool is_loopback() const;
    /// "127.0.0.1:8080", "[::1]:8080".
    std::string to_string() const;
    bool operator==(const Listen&) const = default;
};

struct Config {
    std::string data;           ///< the folder of the store, the key and the first token
    std::string database_path;  ///< of SQLite; default <data>/postrider.db
    std::string database_url;   ///< of PostgreSQL, instead; may have a password: shown without it
    Listen listen;
    std::string role =
        "all";  ///< "all", "api", "deliver": of this node, where several share a database
    std::string public_url;  ///< without a trailing slash; empty: http(s)://<listen>, see origin()
    bool insecure_http = false;  ///< plain http on an address that is not loopback
    std::string tls_cert;        ///< PEM; with tls_key: the API speaks https
    std::string tls_key;
    std::vector<std::string> trusted_proxies;  ///< CIDR: whose X-Forwarded-For is believed
    std::vector<std::string> cors_origins;     ///< whose pages may call the API, without cookies
    std::optional<Listen> metrics_listen;      ///< /metrics alone, without a token

    bool has_tls() const { return !tls_cert.empty(); }

    std::vector<std::string> allow_networks;  ///< CIDR: net::Cidr::parse takes each
    bool allow_http = false;
    std::string dns_servers;   ///< "127.0.0.1:5353,[::1]:53"; empty: the system's
    std::string ca_file;       ///< PEM; empty: the system's authorities
    std::string egress_proxy;  ///< "http://proxy.internal:3128"; empty: deliveries go directly
    /// POSTRIDER_EGRESS_PROXY_CREDENTIALS, "user:password"; empty: none; never shown.
    std::string egress_proxy_credentials;
    std::string egress_proxy_credentials_file;  ///< the same in a file, instead

    std::string key_file;         ///< default <data>/key
    std::string key;              ///< POSTRIDER_KEY, instead of the file; never shown
    std::string bootstrap_token;  ///< POSTRIDER_BOOTSTRAP_TOKEN; empty: none; never shown
    std::string admin_password;   ///< POSTRIDER_ADMIN_PASSWORD; empty: none; never shown

    std::size_t payload_bytes_max = limits::payload_bytes_max_default;
    std::uint64_t disk_reserve_bytes = limits::disk_reserve_bytes;
    /// The waits between attempts: with 0 before them 75 h 35 min 5 s in all (promise 6).
    std::vector<Duration> retry_schedule = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
    Duration timeout = limits::attempt_timeout_default;

    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;

    /// The only source of absolute URLs: public_url, or http(s):// and where the server listens;
    /// with the port that it got when it asked for any.
    std::string origin(std::uint16_t bound_port) const;
    bool operator==(const Config&) const = default;
};

/// Values as they were typed, by the option's name ("allow-network"); a name may come again.
using Given = std::vector<std::pair<std::string, std::string>>;
/// The environment, so that tests have their own; nullptr for a variable that is not set.
using Environment = std::function<const char*(const char*)>;

/// Reads the environment and the file (`--config`, POSTRIDER_CONFIG) beside the flags, and checks
/// everything.
/// Errors: invalid_argument, one sentence that names the flag, variable or file and line.
Result<Config> load(const Given& flags, const Environment& environment);

/// Where data lie when nobody says: $STATE_DIRECTORY (systemd), $XDG_DATA_HOME/postrider,
/// ~/.local/share/postrider, ./postrider-data: whichever is the first to be known.
std::string default_data(const Environment& environment);

/// The configuration as a TOML file that says the same, without secrets: what is in force.
std::string to_toml(const Config& config);

/// One option, for help, completion and documentation.
struct OptionSpec {
    std::string_view name;   ///< "allow-network"
    std::string_view value;  ///< "CIDR"; empty for a flag that is given or not
    bool repeatable;         ///< may be given again; a list in TOML, commas in the environment
    std::string_view help;   ///< one sentence, with default and unit
};
/// In the order of the help.
std::vector<OptionSpec> options();
/// POSTRIDER_ALLOW_NETWORK of "allow-network".
std::string environment_name(std::string_view option);
/// allow_network of "allow-network".
std::string toml_key(std::string_view option);

/// "512KiB", "1MiB", "2GiB" or a plain number of bytes; nullopt when it is none of them.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

}  // namespace postrider::config
