#include "config/toml_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

// Header-only and without exceptions: the binary needs no library for it at run time.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace postrider::config {
namespace {

std::unexpected<Error> fail_at(std::string_view name, unsigned line, std::string_view why) {
    return fail(ErrorCode::invalid_argument, fmt::format("{}, line {}: {}", name, line, why));
}

/// The text of a string, whole number or boolean; nullopt for anything else.
std::optional<std::string> scalar(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
    return std::nullopt;
}

TomlEntry read_entry(std::string_view key, const toml::node& node) {
    TomlEntry entry;
    entry.key = key;
    entry.line = node.source().begin.line;
    entry.is_boolean = node.is_boolean();
    if (node.is_table()) {
        entry.mistake = fmt::format("[{}]: there are no tables, options stand by themselves", key);
        return entry;
    }
    const std::string wanted =
        fmt::format("{} must be a string, a whole number, true, false or a list", key);
    const auto* list = node.as_array();
    if (list == nullptr) {
        auto text = scalar(node);
        if (text) {
            entry.values.push_back(std::move(*text));
        } else {
            entry.mistake = wanted;
        }
        return entry;
    }
    entry.is_list = true;
    for (const auto& element : *list) {
        auto text = scalar(element);
        if (text) {
            entry.values.push_back(std::move(*text));
        } else {
            entry.mistake = wanted + " of these";
        }
    }
    return entry;
}

}  // namespace

Result<std::vector<TomlEntry>> read_toml(std::string_view text, std::string_view name) {
    toml::parse_result parsed = toml::parse(text, name);
    if (!parsed) {
        std::string why(parsed.error().description());
        for (char& c : why) c = c == '\n' ? ' ' : c;  // it may show the text around
        return fail_at(name, parsed.error().source().begin.line, why);
    }
    std::vector<TomlEntry> entries;
    for (const auto& [key, node] : parsed.table()) {
        entries.push_back(read_entry(key.str(), node));
    }
    // The library sorts by key; people read errors from the top.
    std::ranges::sort(entries, {}, [](const TomlEntry& e) { return std::tie(e.line, e.key); });
    return entries;
}

}  // namespace postrider::config
