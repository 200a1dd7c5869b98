#include "events/json_index.h"

#include <algorithm>
#include <array>

#include "base/json_text.h"

namespace postrider::events {
namespace {

using Node = JsonIndex::Node;
using Type = JsonIndex::Type;
using Decimal = JsonIndex::Decimal;

/// A look through so many names is faster than a search among sorted ones.
constexpr std::uint32_t narrow_members_max = 16;

/// Beyond it an exponent is as good as infinite, and two of them are alike: its text would have 30
/// digits.
constexpr __int128 power_max = static_cast<__int128>(1'000'000'000'000'000) * 1'000'000'000'000'000;

Decimal decimal(std::string_view text) {
    Decimal number;
    if (text.front() == '-') {
        number.is_negative = true;
        text.remove_prefix(1);
    }
    const auto exponent = text.find_first_of("eE");
    const auto mantissa = text.substr(0, exponent);
    const auto point = std::min(mantissa.find('.'), mantissa.size());
    number.digits = mantissa.substr(0, point);
    if (point < mantissa.size()) number.digits += mantissa.substr(point + 1);
    if (exponent != std::string_view::npos) {
        auto rest = text.substr(exponent + 1);
        const bool is_down = rest.front() == '-';
        if (rest.front() == '-' || rest.front() == '+') rest.remove_prefix(1);
        for (const char digit : rest) {
            number.power = std::min(power_max, number.power * 10 + (digit - '0'));
        }
        if (is_down) number.power = -number.power;
    }
    number.power += static_cast<__int128>(point);
    const auto first = number.digits.find_first_not_of('0');
    if (first == std::string::npos) return {};
    number.power -= static_cast<__int128>(first);
    number.digits.erase(0, first);
    number.digits.erase(number.digits.find_last_not_of('0') + 1);
    return number;
}

/// A number of at most 18 digits without an exponent, as most are: `units` times ten to -`places`.
struct Short {
    std::int64_t units = 0;
    std::size_t places = 0;
};

constexpr std::size_t short_digits_max = 18;

std::optional<Short> short_number(std::string_view text) {
    Short number;
    const bool is_negative = text.front() == '-';
    if (is_negative) text.remove_prefix(1);
    if (text.size() > short_digits_max) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.') {
            number.places = text.size() - i - 1;
        } else if (text[i] >= '0' && text[i] <= '9') {
            number.units = number.units * 10 + (text[i] - '0');
        } else {
            return std::nullopt;
        }
    }
    if (is_negative) number.units = -number.units;
    return number;
}

__int128 scaled(std::int64_t units, std::size_t places) {
    static constexpr auto powers = [] {
        std::array<std::int64_t, short_digits_max + 1> found{};
        found[0] = 1;
        for (std::size_t i = 1; i < found.size(); ++i) found[i] = found[i - 1] * 10;
        return found;
    }();
    return static_cast<__int128>(units) * powers[places];
}

Type type_of(char first) {
    switch (first) {
        case 'n':
            return Type::null;
        case 't':
        case 'f':
            return Type::boolean;
        case '"':
            return Type::string;
        case '[':
            return Type::array;
        case '{':
            return Type::object;
        default:
            return Type::number;
    }
}

}  // namespace

JsonIndex::JsonIndex(std::string text, std::size_t elements_max)
    : text_(std::move(text)), elements_left_(elements_max) {
    nodes_.reserve(std::min<std::size_t>(text_.size() / 8 + 8, 64));
    read(0, {});
    order_members();
}

/// Returns the end of the value at `at`.
std::size_t JsonIndex::read(std::size_t at, std::string_view name) {
    const std::size_t node = nodes_.size();
    nodes_.push_back({.name = name, .raw = {}, .text = {}, .type = type_of(text_[at])});
    std::size_t end = at;
    switch (nodes_[node].type) {
        case Type::object:
            end = read_object(at, node);
            break;
        case Type::array:
            end = read_array(at, node);
            break;
        case Type::string:
            end = end_of_string(at);
            nodes_[node].text = decoded(std::string_view(text_).substr(at, end - at));
            break;
        default:
            while (end < text_.size() && text_[end] != ',' && text_[end] != ']' &&
                   text_[end] != '}') {
                ++end;
            }
    }
    nodes_[node].raw = std::string_view(text_).substr(at, end - at);
    if (nodes_[node].type == Type::number && !short_number(nodes_[node].raw)) {
        nodes_[node].decimal = &decimals_.emplace_back(decimal(nodes_[node].raw));
    }
    nodes_[node].span = static_cast<std::uint32_t>(nodes_.size() - node);
    return end;
}

std::size_t JsonIndex::read_object(std::size_t at, std::size_t node) {
    ++at;
    while (text_[at] != '}') {
        if (text_[at] == ',') ++at;
        const std::size_t name_end = end_of_string(at);
        const auto name = decoded(std::string_view(text_).substr(at, name_end - at));
        at = read(name_end + 1, name);
        ++nodes_[node].size;
    }
    if (nodes_[node].size > narrow_members_max) wide_.push_back(node);
    return at + 1;
}

std::size_t JsonIndex::read_array(std::size_t at, std::size_t node) {
    const std::size_t begin = at++;
    while (text_[at] != ']') {
        if (elements_left_ == 0) {
            nodes_[node].is_cut = true;
            return end_of_container(begin);
        }
        --elements_left_;
        if (text_[at] == ',') ++at;
        at = read(at, {});
        ++nodes_[node].size;
    }
    return at + 1;
}

std::size_t JsonIndex::end_of_container(std::size_t at) const {
    std::size_t depth = 0;
    while (true) {
        if (text_[at] == '"') {
            at = end_of_string(at);
            continue;
        }
        if (text_[at] == '{' || text_[at] == '[') ++depth;
        if ((text_[at] == '}' || text_[at] == ']') && --depth == 0) return at + 1;
        ++at;
    }
}

std::size_t JsonIndex::end_of_string(std::size_t at) const {
    for (++at; text_[at] != '"'; ++at) {
        if (text_[at] == '\\') ++at;
    }
    return at + 1;
}

std::string_view JsonIndex::decoded(std::string_view string) {
    const auto plain = string.substr(1, string.size() - 2);
    if (plain.find('\\') == std::string_view::npos) return plain;
    auto text = json::decode_string(string);
    return text ? decoded_.emplace_back(std::move(*text)) : plain;
}

/// Nodes stay where they are from here on.
void JsonIndex::order_members() {
    std::size_t count = 0;
    for (const std::size_t node : wide_) count += nodes_[node].size;
    by_name_.reserve(count);
    for (const std::size_t node : wide_) {
        const auto first = static_cast<std::ptrdiff_t>(by_name_.size());
        nodes_[node].any_child([&](const Node& member) {
            by_name_.push_back(&member);
            return false;
        });
        std::sort(by_name_.begin() + first, by_name_.end(),
                  [](const Node* a, const Node* b) { return a->name < b->name; });
        nodes_[node].by_name = by_name_.data() + first;
    }
}

const Node* Node::find(std::string_view wanted) const {
    if (type != Type::object) return nullptr;
    if (by_name != nullptr) {
        const auto* const* end = by_name + size;
        const auto* const* found = std::lower_bound(
            by_name, end, wanted,
            [](const Node* member, std::string_view sought) { return member->name < sought; });
        return found != end && (*found)->name == wanted ? *found : nullptr;
    }
    const Node* found = nullptr;
    any_child([&](const Node& member) {
        if (member.name != wanted) return false;
        found = &member;
        return true;
    });
    return found;
}

int compare_numbers(const Node& a, const Node& b) {
    if (a.decimal == nullptr && b.decimal == nullptr) {
        const auto one = short_number(a.raw).value(), other = short_number(b.raw).value();
        const auto left = scaled(one.units, other.places);
        const auto right = scaled(other.units, one.places);
        return left < right ? -1 : left > right ? 1 : 0;
    }
    const Decimal of_a = a.decimal == nullptr ? decimal(a.raw) : Decimal{};
    const Decimal of_b = b.decimal == nullptr ? decimal(b.raw) : Decimal{};
    const Decimal& left = a.decimal == nullptr ? of_a : *a.decimal;
    const Decimal& right = b.decimal == nullptr ? of_b : *b.decimal;
    const auto sign = [](const Decimal& number) {
        return number.digits.empty() ? 0 : number.is_negative ? -1 : 1;
    };
    if (sign(left) != sign(right)) return sign(left) - sign(right);
    if (left.power != right.power) return left.power < right.power ? -sign(left) : sign(left);
    return left.digits.compare(right.digits) * sign(left);
}

bool equal(const Node& a, const Node& b) {
    if (a.type != b.type || a.size != b.size) return false;
    switch (a.type) {
        case Type::null:
        case Type::boolean:
            return a.raw == b.raw;
        case Type::number:
            return a.raw == b.raw || compare_numbers(a, b) == 0;
        case Type::string:
            return a.text == b.text;
        case Type::array: {
            if (a.is_cut || b.is_cut) return false;
            const Node* other = &b + 1;
            return !a.any_child([&](const Node& element) {
                const bool differs = !equal(element, *other);
                other += other->span;
                return differs;
            });
        }
        case Type::object:
            return !a.any_child([&](const Node& member) {
                const Node* other = b.find(member.name);
                return other == nullptr || !equal(member, *other);
            });
    }
    return false;
}

std::optional<std::string> key_of(const Node& value) {
    switch (value.type) {
        case Type::null:
        case Type::boolean:
            return std::string(value.raw);
        case Type::string:
            return "\"" + std::string(value.text);
        case Type::number: {
            const Decimal number = value.decimal != nullptr ? *value.decimal : decimal(value.raw);
            if (number.digits.empty()) return "0";
            // Two whose powers are cut at power_max are alike to compare_numbers(), too.
            constexpr __int128 part = 1'000'000'000'000;
            std::string key = number.is_negative ? "-" : "+";
            key += std::to_string(static_cast<std::int64_t>(number.power / part)) + ":";
            key += std::to_string(static_cast<std::int64_t>(number.power % part)) + ":";
            return key + number.digits;
        }
        case Type::array:
        case Type::object:
            break;
    }
    return std::nullopt;
}

}  // namespace postrider::events
