#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "base/nearest.h"
#include "config/options.h"
#include "config/shown.h"
#include "config/toml_file.h"

namespace postrider::config {
namespace {

/// What was said about one option, and where, for the message when it is wrong.
struct Said {
    std::string where;  ///< "--listen", "POSTRIDER_LISTEN", "postrider.toml, line 3: listen"
    std::vector<std::string> values;
    std::string origin = {};  ///< the same without the key
};
using AllSaid = std::map<std::string, Said, std::less<>>;
/// A sentence each.
using Mistakes = std::vector<std::string>;

std::vector<std::string> split_at_commas(std::string_view text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        auto end = std::min(text.find(',', begin), text.size());
        auto part = text.substr(begin, end - begin);
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
        if (!part.empty()) parts.emplace_back(part);
        begin = end + 1;
    }
    return parts;
}

/// A repeatable option takes commas too; an empty text is the empty list.
std::vector<std::string> values_of(const Option& option, std::string_view text) {
    if (option.spec.repeatable) return split_at_commas(text);
    return {std::string(text)};
}

/// The sentence that says what is wrong with an entry; empty: nothing.
std::string mistake_of(const TomlEntry& entry, const std::string& name, const std::string& at) {
    const Option* option = find_option(name);
    if (option == nullptr) {
        std::vector<std::string> keys;
        for (const auto& each : option_table()) keys.push_back(toml_key(each.spec.name));
        const std::vector<std::string_view> words(keys.begin(), keys.end());
        const auto like = nearest(words, entry.key);
        return at + " is no option of this server" +
               (like.empty() ? "" : fmt::format("; do you mean {}?", like));
    }
    if (entry.key != toml_key(name))
        return fmt::format("{} is written {} here", at, toml_key(name));
    if (entry.is_list && !option->spec.repeatable) return at + " takes one value and no list";
    if (entry.is_boolean != (option->shape == Option::Shape::boolean)) {
        return at + (entry.is_boolean ? " is neither true nor false" : " must be true or false");
    }
    return {};
}

void read_file(AllSaid& said, Mistakes& mistakes, const std::string& path, std::string_view where) {
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        text.resize(limits::config_file_bytes_max + 1);
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad() || text.size() > limits::config_file_bytes_max) {
        mistakes.push_back(
            fmt::format("{} \"{}\" cannot be read: {}", where, path,
                        file.is_open() ? "it is no configuration file" : std::strerror(errno)));
        return;
    }
    auto entries = read_toml(text, path);
    if (!entries) return mistakes.push_back(entries.error().message);
    for (auto& entry : *entries) {
        std::string name = entry.key;
        for (char& c : name) c = c == '_' ? '-' : c;
        const std::string line = fmt::format("{}, line {}", path, entry.line);
        const std::string at = line + ": " + entry.key;
        if (!entry.mistake.empty()) {
            mistakes.push_back(line + ": " + entry.mistake);
        } else if (auto mistake = mistake_of(entry, name, at); !mistake.empty()) {
            mistakes.push_back(std::move(mistake));
        } else {
            said[name] = {at, std::move(entry.values), line};
        }
    }
}

void apply_all(Config& config, Mistakes& mistakes, const AllSaid& said) {
    for (const auto& option : option_table()) {
        auto found = said.find(option.spec.name);
        if (found == said.end()) continue;
        const auto& [where, values, origin] = found->second;
        // An empty list clears the default; only a list can be empty.
        if (auto result = option.set(config, values); !result) {
            mistakes.push_back(
                fmt::format("{} \"{}\" {}", where, fmt::join(values, ","), result.error().message));
        }
    }
}

void take_secrets(Config& config, Mistakes& mistakes, const AllSaid& said,
                  const Environment& environment) {
    if (const char* key = environment("POSTRIDER_KEY"); key != nullptr && *key != '\0') {
        if (said.contains("key-file")) {
            mistakes.emplace_back("POSTRIDER_KEY and a key file are both given: choose one");
        }
        config.key = key;
    }
    if (const char* password = environment("POSTRIDER_ADMIN_PASSWORD"); password != nullptr) {
        config.admin_password = password;
    }
    if (const char* credentials = environment("POSTRIDER_EGRESS_PROXY_CREDENTIALS");
        credentials != nullptr && *credentials != '\0') {
        if (said.contains("egress-proxy-credentials-file")) {
            mistakes.emplace_back(
                "POSTRIDER_EGRESS_PROXY_CREDENTIALS and a file of them are both given: choose one");
        }
        config.egress_proxy_credentials = credentials;
    }
    const char* token = environment("POSTRIDER_BOOTSTRAP_TOKEN");
    if (token == nullptr || *token == '\0') return;
    config.bootstrap_token = token;
    if (std::ranges::any_of(config.bootstrap_token,
                            [](unsigned char c) { return c <= 0x20 || c >= 0x7f; })) {
        mistakes.emplace_back("POSTRIDER_BOOTSTRAP_TOKEN may have visible ASCII characters only");
    }
    if (config.bootstrap_token.size() < limits::bootstrap_token_characters_min) {
        mistakes.push_back(
            fmt::format("POSTRIDER_BOOTSTRAP_TOKEN must have at least {} characters, and has {}",
                        limits::bootstrap_token_characters_min, config.bootstrap_token.size()));
    }
}

/// What options mean together.
void complete(Config& config, Mistakes& mistakes) {
    if (config.database_path.empty()) config.database_path = config.data + "/postrider.db";
    if (config.key_file.empty() && config.key.empty()) config.key_file = config.data + "/key";
    if (config.tls_cert.empty() != config.tls_key.empty()) {
        mistakes.push_back(fmt::format("{} is given without {}: TLS needs both",
                                       config.tls_key.empty() ? "--tls-cert" : "--tls-key",
                                       config.tls_key.empty() ? "--tls-key" : "--tls-cert"));
        return;
    }
    const bool has_proxy_credentials =
        !config.egress_proxy_credentials.empty() || !config.egress_proxy_credentials_file.empty();
    if (has_proxy_credentials && config.egress_proxy.empty()) {
        mistakes.emplace_back("credentials of an egress proxy are given without --egress-proxy");
        return;
    }
    const bool is_guarded =
        config.has_tls() || !config.trusted_proxies.empty() || config.insecure_http;
    if (!config.listen.is_loopback() && !is_guarded) {
        mistakes.push_back(
            fmt::format("--listen {} is not loopback and the server speaks plain http: give it "
                        "--tls-cert and --tls-key, name the proxy with TLS before it by "
                        "--trusted-proxy, or say --insecure-http",
                        config.listen.to_string()));
    }
}

}  // namespace

bool Listen::is_loopback() const { return address.starts_with("127.") || address == "::1"; }

std::string Listen::to_string() const {
    bool v6 = address.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), address, port);
}

std::string Config::origin(std::uint16_t bound_port) const {
    if (!public_url.empty()) return public_url;
    return (has_tls() ? "https://" : "http://") + Listen{listen.address, bound_port}.to_string();
}

std::string environment_name(std::string_view option) {
    std::string name = "POSTRIDER_";
    for (char c : option) {
        name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return name;
}

std::string toml_key(std::string_view option) {
    std::string key(option);
    for (char& c : key) c = c == '-' ? '_' : c;
    return key;
}

std::string default_data(const Environment& environment) {
    auto value = [&](const char* name) {
        const char* text = environment(name);
        return std::string(text == nullptr ? "" : text);
    };
    // systemd may list several, separated by colons; ours is the first.
    if (auto state = value("STATE_DIRECTORY"); !state.empty()) {
        return state.substr(0, state.find(':'));
    }
    if (auto share = value("XDG_DATA_HOME"); share.starts_with('/')) return share + "/postrider";
    if (auto home = value("HOME"); home.starts_with('/') && home != "/") {
        return home + "/.local/share/postrider";
    }
    return "./postrider-data";
}

Result<Config> load(const Given& flags, const Environment& environment) {
    Origins ignored;
    return load(flags, environment, ignored);
}

Result<Config> load(const Given& flags, const Environment& environment, Origins& origins) {
    AllSaid said;
    Mistakes mistakes;
    std::string file, file_from;
    if (const char* path = environment("POSTRIDER_CONFIG"); path != nullptr && *path != '\0') {
        file = path;
        file_from = "POSTRIDER_CONFIG";
    }
    for (const auto& [name, value] : flags) {
        if (name == "config") file = value, file_from = "--config";
    }
    if (!file_from.empty()) read_file(said, mistakes, file, file_from);
    for (const auto& option : option_table()) {
        std::string variable = environment_name(option.spec.name);
        const char* value = environment(variable.c_str());
        // A variable that is set to nothing is how many tools say "not set".
        if (value == nullptr || *value == '\0') continue;
        said[std::string(option.spec.name)] = {variable, values_of(option, value), variable};
    }
    AllSaid from_flags;
    for (const auto& [name, value] : flags) {
        const Option* option = find_option(name);
        if (option == nullptr) continue;
        auto& entry = from_flags[name];
        entry.where = entry.origin = "--" + name;
        for (auto& part : values_of(*option, value)) entry.values.push_back(std::move(part));
    }
    for (auto& [name, entry] : from_flags) said[name] = std::move(entry);

    Config config;
    config.data = default_data(environment);
    apply_all(config, mistakes, said);
    take_secrets(config, mistakes, said, environment);
    // What follows from a value that is wrong would be a second sentence about the same mistake.
    if (mistakes.empty()) complete(config, mistakes);
    if (!mistakes.empty()) {
        return fail(ErrorCode::invalid_argument, fmt::format("{}", fmt::join(mistakes, "\n")));
    }
    for (const auto& [name, entry] : said) origins[name] = entry.origin;
    return config;
}

}  // namespace postrider::config
