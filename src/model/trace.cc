#include "model/trace.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "model/trace_limits.h"

namespace postrider::trace {
namespace {

// version "-" trace-id "-" parent-id "-" trace-flags
constexpr std::size_t id_at = 3;
constexpr std::size_t id_size = 32;
constexpr std::size_t span_at = id_at + id_size + 1;
constexpr std::size_t span_size = 16;
constexpr std::size_t flags_at = span_at + span_size + 1;
constexpr std::size_t parent_size = flags_at + 2;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool is_some_hex(std::string_view text) {
    return std::ranges::all_of(text, is_hex) &&
           std::ranges::any_of(text, [](char c) { return c != '0'; });
}

unsigned nibble(char c) { return static_cast<unsigned>(is_digit(c) ? c - '0' : c - 'a' + 10); }

/// As version 00 writes it; "" when it is malformed.
std::string read_parent(std::string_view text) {
    if (text.size() < parent_size || text[2] != '-' || text[span_at - 1] != '-' ||
        text[flags_at - 1] != '-') {
        return {};
    }
    const auto version = text.substr(0, 2);
    const bool is_longer = text.size() > parent_size;
    if (!std::ranges::all_of(version, is_hex) || version == "ff" ||
        (is_longer && (version == "00" || text[parent_size] != '-'))) {
        return {};
    }
    const auto flags = text.substr(flags_at, 2);
    if (!is_some_hex(text.substr(id_at, id_size)) ||
        !is_some_hex(text.substr(span_at, span_size)) || !std::ranges::all_of(flags, is_hex)) {
        return {};
    }
    // Sampled and random; flags that are not known are sent as zero.
    std::string parent("00");
    parent.append(text.substr(2, flags_at - 2)).append("0");
    parent += static_cast<char>('0' + (nibble(flags[1]) & 3U));
    return parent;
}

bool is_key_character(char c) {
    return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
}

/// "vendor" or "tenant@vendor".
bool is_key(std::string_view key) {
    const auto at = key.find('@');
    const bool has_tenant = at != std::string_view::npos;
    const auto tenant = key.substr(0, has_tenant ? at : 0);
    const auto vendor = has_tenant ? key.substr(at + 1) : key;
    if (vendor.empty() || !is_lower(vendor.front()) || vendor.size() > (has_tenant ? 14U : 256U) ||
        !std::ranges::all_of(vendor, is_key_character)) {
        return false;
    }
    return !has_tenant ||
           (!tenant.empty() && (is_lower(tenant.front()) || is_digit(tenant.front())) &&
            tenant.size() <= 241 && std::ranges::all_of(tenant, is_key_character));
}

bool is_value(std::string_view value) {
    return !value.empty() && value.size() <= 256 && value.back() != ' ' &&
           std::ranges::all_of(value,
                               [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

/// The members "key=value"; nullopt when something of it is malformed.
std::optional<std::vector<std::string_view>> read_members(
    std::span<const std::string_view> states) {
    std::vector<std::string_view> members;
    std::vector<std::string_view> keys;
    for (std::string_view rest : states) {
        while (!rest.empty()) {
            const auto part = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(part.size() + 1, rest.size()));
            const auto member = trimmed(part);
            if (member.empty()) continue;
            const auto equals = member.find('=');
            const auto key = member.substr(0, equals);
            const bool is_good = equals != std::string_view::npos && is_key(key) &&
                                 is_value(member.substr(equals + 1)) &&
                                 std::ranges::find(keys, key) == keys.end();
            if (!is_good || members.size() == limits::tracestate_members_max) return std::nullopt;
            keys.push_back(key);
            members.push_back(member);
        }
    }
    return members;
}

std::size_t size_of(const std::vector<std::string_view>& members) {
    std::size_t size = members.empty() ? 0 : members.size() - 1;
    for (const auto member : members) size += member.size();
    return size;
}

/// "" when there is none, or it is malformed.
std::string read_state(std::span<const std::string_view> states) {
    auto members = read_members(states);
    if (!members) return {};
    if (size_of(*members) > limits::tracestate_bytes_max) {
        std::erase_if(*members, [](std::string_view member) {
            return member.size() > limits::tracestate_member_bytes;
        });
    }
    while (size_of(*members) > limits::tracestate_bytes_max) members->pop_back();
    std::string state;
    for (const auto member : *members) {
        if (!state.empty()) state += ',';
        state += member;
    }
    return state;
}

}  // namespace

std::string read(std::span<const std::string_view> parents,
                 std::span<const std::string_view> states) {
    if (parents.size() != 1) return {};
    std::string text = read_parent(trimmed(parents.front()));
    if (text.empty()) return {};
    if (const std::string state = read_state(states); !state.empty()) {
        text.append(" ").append(state);
    }
    return text;
}

std::string checked(std::string_view text) {
    if (text.empty()) return {};
    const std::string_view parents[] = {parent(text)};
    const std::string_view states[] = {state(text)};
    std::string read_again = read(parents, states);
    return read_again == text ? read_again : std::string();
}

std::string_view parent(std::string_view trace) { return trace.substr(0, parent_size); }

std::string_view state(std::string_view trace) {
    return trace.size() > parent_size ? trace.substr(parent_size + 1) : std::string_view();
}

std::string_view id(std::string_view trace) {
    return trace.size() < parent_size ? std::string_view() : trace.substr(id_at, id_size);
}

std::string child(std::string_view trace, std::uint64_t span) {
    std::string text(parent(trace));
    span = std::max<std::uint64_t>(span, 1);
    for (std::size_t i = span_size; i-- > 0; span >>= 4U) {
        text[span_at + i] = "0123456789abcdef"[span & 15U];
    }
    return text;
}

}  // namespace postrider::trace
