#include "config/config.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "config/options.h"
#include "config/toml_file.h"

namespace postrider::config {
namespace {

/// What was said about one option, and where, for the message when it is wrong.
struct Said {
    std::string where;  ///< "--listen", "POSTRIDER_LISTEN", "postrider.toml, line 3: listen"
    std::vector<std::string> values;
};
using AllSaid = std::map<std::string, Said, std::less<>>;

const Option* find_option(std::string_view name) {
    for (const auto& option : option_table()) {
        if (option.spec.name == name) return &option;
    }
    return nullptr;
}

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

Result<void> read_file(AllSaid& said, const std::string& path, std::string_view where) {
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        text.resize(limits::config_file_bytes_max + 1);
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad() || text.size() > limits::config_file_bytes_max) {
        return fail(
            ErrorCode::invalid_argument,
            fmt::format("{} \"{}\" cannot be read: {}", where, path,
                        file.is_open() ? "it is no configuration file" : std::strerror(errno)));
    }
    POSTRIDER_ASSIGN(auto entries, read_toml(text, path));
    for (auto& entry : entries) {
        std::string name = entry.key;
        for (char& c : name) c = c == '_' ? '-' : c;
        const Option* option = find_option(name);
        std::string at = fmt::format("{}, line {}: {}", path, entry.line, entry.key);
        if (option == nullptr) {
            return fail(ErrorCode::invalid_argument, at + " is no option of this server");
        }
        if (entry.key != toml_key(name)) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{} is written {} here", at, toml_key(name)));
        }
        if (entry.is_list && !option->spec.repeatable) {
            return fail(ErrorCode::invalid_argument, at + " takes one value and no list");
        }
        if (entry.is_boolean != (option->shape == Option::Shape::boolean)) {
            return fail(
                ErrorCode::invalid_argument,
                at + (entry.is_boolean ? " is neither true nor false" : " must be true or false"));
        }
        said[name] = {std::move(at), std::move(entry.values)};
    }
    return {};
}

Result<void> apply_all(Config& config, const AllSaid& said) {
    for (const auto& option : option_table()) {
        auto found = said.find(option.spec.name);
        if (found == said.end()) continue;
        const auto& [where, values] = found->second;
        // An empty list clears the default; only a list can be empty.
        auto result = option.set(config, values);
        if (result) continue;
        return fail(
            ErrorCode::invalid_argument,
            fmt::format("{} \"{}\" {}", where, fmt::join(values, ","), result.error().message));
    }
    return {};
}

Result<void> take_secrets(Config& config, const AllSaid& said, const Environment& environment) {
    if (const char* key = environment("POSTRIDER_KEY"); key != nullptr && *key != '\0') {
        if (said.contains("key-file")) {
            return fail(ErrorCode::invalid_argument,
                        "POSTRIDER_KEY and a key file are both given: choose one");
        }
        config.key = key;
    }
    if (const char* password = environment("POSTRIDER_ADMIN_PASSWORD"); password != nullptr) {
        config.admin_password = password;
    }
    if (const char* token = environment("POSTRIDER_BOOTSTRAP_TOKEN");
        token != nullptr && *token != '\0') {
        config.bootstrap_token = token;
        for (unsigned char c : config.bootstrap_token) {
            if (c > 0x20 && c < 0x7f) continue;
            return fail(ErrorCode::invalid_argument,
                        "POSTRIDER_BOOTSTRAP_TOKEN may have visible ASCII characters only");
        }
        if (config.bootstrap_token.size() < limits::bootstrap_token_characters_min) {
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("POSTRIDER_BOOTSTRAP_TOKEN must have at least {} characters, and "
                            "has {}",
                            limits::bootstrap_token_characters_min, config.bootstrap_token.size()));
        }
    }
    return {};
}

/// What options mean together.
Result<void> complete(Config& config) {
    if (config.database_path.empty()) config.database_path = config.data + "/postrider.db";
    if (config.key_file.empty() && config.key.empty()) config.key_file = config.data + "/key";
    if (!config.listen.is_loopback() && !config.insecure_http) {
        return fail(
            ErrorCode::invalid_argument,
            fmt::format("--listen {} is not loopback and the server speaks plain http: put a "
                        "proxy with TLS in front of 127.0.0.1, or say --insecure-http",
                        config.listen.to_string()));
    }
    return {};
}

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (unsigned char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
            out += static_cast<char>(c);
        }
    }
    return out + '"';
}

}  // namespace

bool Listen::is_loopback() const { return address.starts_with("127.") || address == "::1"; }

std::string Listen::to_string() const {
    bool v6 = address.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), address, port);
}

std::string Config::origin(std::uint16_t bound_port) const {
    if (!public_url.empty()) return public_url;
    return "http://" + Listen{listen.address, bound_port}.to_string();
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
    AllSaid said;
    std::string file, file_from;
    if (const char* path = environment("POSTRIDER_CONFIG"); path != nullptr && *path != '\0') {
        file = path;
        file_from = "POSTRIDER_CONFIG";
    }
    for (const auto& [name, value] : flags) {
        if (name == "config") file = value, file_from = "--config";
    }
    if (!file_from.empty()) POSTRIDER_TRY(read_file(said, file, file_from));
    for (const auto& option : option_table()) {
        std::string variable = environment_name(option.spec.name);
        const char* value = environment(variable.c_str());
        // A variable that is set to nothing is how many tools say "not set".
        if (value == nullptr || *value == '\0') continue;
        said[std::string(option.spec.name)] = {variable, values_of(option, value)};
    }
    AllSaid from_flags;
    for (const auto& [name, value] : flags) {
        const Option* option = find_option(name);
        if (option == nullptr) continue;
        auto& entry = from_flags[name];
        entry.where = "--" + name;
        for (auto& part : values_of(*option, value)) entry.values.push_back(std::move(part));
    }
    for (auto& [name, entry] : from_flags) said[name] = std::move(entry);

    Config config;
    config.data = default_data(environment);
    POSTRIDER_TRY(apply_all(config, said));
    POSTRIDER_TRY(take_secrets(config, said, environment));
    POSTRIDER_TRY(complete(config));
    return config;
}

std::string to_toml(const Config& config) {
    std::string out;
    for (const auto& option : option_table()) {
        auto values = option.get(config);
        if (values.empty() && option.shape != Option::Shape::list) continue;
        std::string text;
        if (option.shape == Option::Shape::boolean) {
            text = values.back();
        } else if (option.shape == Option::Shape::list) {
            for (const auto& value : values)
                text += (text.empty() ? "" : ", ") + toml_string(value);
            text = "[" + text + "]";
        } else {
            text = toml_string(values.back());
        }
        out += fmt::format("{} = {}\n", toml_key(option.spec.name), text);
    }
    return out;
}

}  // namespace postrider::config
