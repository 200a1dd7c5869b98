#include "config/shown.h"

#include <fmt/format.h>

#include "config/options.h"

namespace postrider::config {
namespace {

using Shape = Option::Shape;

constexpr std::size_t comment_columns = 100;

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

/// `key = value`.
std::string entry(const Option& option, const std::vector<std::string>& values) {
    std::string text;
    if (option.shape == Shape::boolean) {
        text = values.back();
    } else if (option.shape == Shape::list) {
        for (const auto& value : values) text += (text.empty() ? "" : ", ") + toml_string(value);
        text = "[" + text + "]";
    } else {
        text = toml_string(values.back());
    }
    return fmt::format("{} = {}", toml_key(option.spec.name), text);
}

/// Wrapped at words, with "# " before each line.
void add_comment(std::string& out, std::string_view text) {
    std::string line = "#";
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (line.size() + 1 + end > comment_columns) {
            out += line + "\n";
            line = "#";
        }
        line += " " + std::string(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    out += line + "\n";
}

}  // namespace

std::string to_toml(const Config& config) {
    std::string out;
    for (const auto& option : option_table()) {
        const auto values = option.get(config);
        if (values.empty() && option.shape != Shape::list) continue;
        out += entry(option, values) + "\n";
    }
    return out;
}

std::string to_toml(const Config& config, const Origins& origins) {
    std::vector<std::pair<std::string, std::string>> rows;
    std::size_t width = 0;
    constexpr std::size_t width_max = 60;  // what is longer has its comment further right
    for (const auto& option : option_table()) {
        const auto values = option.get(config);
        const auto found = origins.find(option.spec.name);
        const bool has_value = !values.empty() || option.shape == Shape::list;
        rows.emplace_back(has_value ? entry(option, values) : "# " + toml_key(option.spec.name),
                          std::string(found != origins.end() ? found->second
                                      : has_value            ? "default"
                                                             : "not set") +
                              (option.take != nullptr ? "; SIGHUP changes it" : ""));
        if (rows.back().first.size() <= width_max) {
            width = std::max(width, rows.back().first.size());
        }
    }
    std::string out;
    for (const auto& [text, from] : rows) out += fmt::format("{:<{}}  # {}\n", text, width, from);
    for (const auto& [name, is_set] :
         {std::pair{"POSTRIDER_KEY", !config.key.empty()},
          {"POSTRIDER_BOOTSTRAP_TOKEN", !config.bootstrap_token.empty()},
          {"POSTRIDER_ADMIN_PASSWORD", !config.admin_password.empty()},
          {"POSTRIDER_EGRESS_PROXY_CREDENTIALS", !config.egress_proxy_credentials.empty()}}) {
        if (is_set) out += fmt::format("# {} is set in the environment.\n", name);
    }
    return out;
}

std::string example_toml(const std::string& data) {
    const auto defaults =
        load({{"data", data}}, [](const char*) -> const char* { return nullptr; });
    std::string out;
    add_comment(
        out,
        "The configuration of Postrider. What is commented out is the default, or an example "
        "where there is none. A flag of `postrider serve` wins over its environment variable "
        "(POSTRIDER_LISTEN), that over this file. `postrider check-config` finds what is wrong "
        "in it, `postrider config` shows what is in force. The keys that say so are read again "
        "at SIGHUP (`systemctl reload postrider`), the others at the next start.");
    for (const auto& option : option_table()) {
        std::string help(option.spec.help);
        if (help[0] >= 'a' && help[0] <= 'z') help[0] = static_cast<char>(help[0] - 'a' + 'A');
        out += "\n";
        add_comment(out, help + "." + (option.take != nullptr ? " Read again at SIGHUP." : ""));
        auto values = option.get(*defaults);
        if (values.empty()) values = {std::string(option.example)};
        if (option.spec.name != "data") out += '#';
        out += entry(option, values) + "\n";
    }
    return out;
}

Reload reload(Config& running, const Config& fresh) {
    Reload out;
    for (const auto& option : option_table()) {
        const auto was = option.get(running), is = option.get(fresh);
        if (was == is) continue;
        const bool is_taken = option.take != nullptr && option.take(running, fresh);
        (is_taken ? out.changed : out.at_next_start).push_back(toml_key(option.spec.name));
    }
    return out;
}

}  // namespace postrider::config
