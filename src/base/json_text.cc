#include "base/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/encoding.h"
#include "base/json_pointer.h"
#include "base/json_scanner.h"

namespace postrider::json {
namespace {

/// Below this many members every pair is compared; above, they are sorted, so that an object of
/// 100,000 members costs n log n whatever its names are (a hash could be flooded).
constexpr std::size_t compared_pairwise_max = 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// The high bit of every byte of `word` that ends a run of plain characters: a quote, a backslash,
/// a control character, or a byte of a longer UTF-8 sequence.
std::uint64_t special_bytes(std::uint64_t word) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101ULL, highs = 0x8080'8080'8080'8080ULL;
    auto zero_bytes = [](std::uint64_t w) { return (w - ones) & ~w & highs; };
    return zero_bytes(word ^ ones * '"') | zero_bytes(word ^ ones * '\\') |
           ((word - ones * 0x20) & ~word & highs) | (word & highs);
}

const char* skip_plain(const char* p, const char* end) {
    if constexpr (std::endian::native == std::endian::little) {
        while (end - p >= 8) {
            std::uint64_t word;
            std::memcpy(&word, p, 8);
            // A borrow can only mark bytes above a true hit, so the lowest mark is exact.
            if (std::uint64_t special = special_bytes(word)) {
                return p + std::countr_zero(special) / 8;
            }
            p += 8;
        }
    }
    while (p < end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20 &&
           static_cast<unsigned char>(*p) < 0x80) {
        ++p;
    }
    return p;
}

std::uint64_t prefix_of(std::string_view text) {
    std::uint64_t prefix = 0;
    const std::size_t count = std::min<std::size_t>(text.size(), 8);
    for (std::size_t i = 0; i < count; ++i) {
        prefix |= std::uint64_t{static_cast<unsigned char>(text[i])} << (56 - 8 * i);
    }
    return prefix;
}

std::uint32_t code_unit(const char* digits) {
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i) unit = unit << 4 | static_cast<std::uint32_t>(hex_value(digits[i]));
    return unit;
}

}  // namespace

Error Scanner::error() const {
    if (too_long_ != nullptr) {
        std::string pointer = pointer_to("#", too_long_->member);
        std::string detail = fmt::format(
            "must have at most {}, and has more; it was read no further", too_long_->count_max);
        Error error{ErrorCode::invalid_argument, pointer + " " + detail, {}, nullptr};
        error.fields.push_back({std::move(pointer), {}, {}, std::move(detail)});
        return error;
    }
    return {ErrorCode::invalid_argument,
            fmt::format("not valid JSON at byte {}: {}", error_offset(), reason_),
            {},
            "malformed-json"};
}

Error Scanner::error_in_lines(std::string_view text) const {
    const auto before = text.substr(0, error_offset());
    const auto line_begin = before.rfind('\n');
    const auto column = before.size() - (line_begin == std::string_view::npos ? 0 : line_begin + 1);
    return {ErrorCode::invalid_argument,
            fmt::format("not valid JSON at line {}, column {}: {}",
                        1 + std::count(before.begin(), before.end(), '\n'), column + 1, reason_),
            {},
            "malformed-json"};
}

bool Scanner::scan() {
    out_.reserve(static_cast<std::size_t>(end_ - begin_));
    skip_space();
    if (!value(0)) return false;
    skip_space();
    if (p_ != end_) return fail_here("something follows the value");
    flush();
    return true;
}

void Scanner::skip_space_slowly() {
    flush();
    while (p_ < end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
    run_ = p_;
}

bool Scanner::value(std::size_t depth) {
    if (p_ == end_) return fail_here("the text ends where a value is expected");
    if (values_left_-- == 0) return fail_here("there are too many values");
    switch (*p_) {
        case '{':
            return object(depth + 1);
        case '[':
            return array(depth + 1);
        case '"': {
            bool escaped = false;
            return string(escaped);
        }
        case 't':
            return literal("true");
        case 'f':
            return literal("false");
        case 'n':
            return literal("null");
        default:
            return number();
    }
}

bool Scanner::object(std::size_t depth) {
    if (depth > depth_max_) return fail_here("it is nested too deeply");
    ++p_;
    skip_space();
    if (p_ < end_ && *p_ == '}') return ++p_, true;
    const bool noted = depth == 1 && child_values_ != nullptr;
    const Bound* bound = std::exchange(next_bound_, nullptr);
    std::size_t children = 0;
    const std::size_t first = names_.size();
    while (true) {
        if (!count(bound, children)) return false;
        if (p_ == end_ || *p_ != '"') return fail_here("a member's name is expected");
        const char* token = p_;
        const std::size_t name_begin = position();
        bool escaped = false;
        if (!string(escaped)) return false;
        note_name(token + 1, p_ - 1, escaped);
        if (depth == 1) next_bound_ = bound_of(names_.back().text);
        if (noted) child_names_->push_back({name_begin, position()});
        skip_space();
        if (p_ == end_ || *p_ != ':') return fail_here("':' is expected after a member's name");
        ++p_;
        skip_space();
        const std::size_t value_begin = position();
        if (!value(depth)) return false;
        if (noted) child_values_->push_back({value_begin, position()});
        skip_space();
        if (p_ < end_ && *p_ == '}') break;
        if (p_ == end_ || *p_ != ',') return fail_here("',' or '}' is expected after a member");
        ++p_;
        skip_space();
    }
    ++p_;
    return names_differ(first);
}

bool Scanner::array(std::size_t depth) {
    if (depth > depth_max_) return fail_here("it is nested too deeply");
    ++p_;
    skip_space();
    if (p_ < end_ && *p_ == ']') return ++p_, true;
    const bool noted = depth == 1 && child_values_ != nullptr;
    const Bound* bound = std::exchange(next_bound_, nullptr);
    std::size_t children = 0;
    while (true) {
        if (!count(bound, children)) return false;
        const std::size_t value_begin = position();
        if (!value(depth)) return false;
        if (noted) child_values_->push_back({value_begin, position()});
        skip_space();
        if (p_ < end_ && *p_ == ']') break;
        if (p_ == end_ || *p_ != ',') return fail_here("',' or ']' is expected after an element");
        ++p_;
        skip_space();
    }
    ++p_;
    return true;
}

bool Scanner::string(bool& escaped) {
    ++p_;
    while (true) {
        p_ = skip_plain(p_, end_);
        if (p_ == end_) return fail_here("a string is not closed");
        const auto byte = static_cast<unsigned char>(*p_);
        if (byte == '"') return ++p_, true;
        if (byte == '\\') {
            escaped = true;
            if (!escape()) return false;
        } else if (byte < 0x20) {
            return fail_here("a control character in a string must be escaped");
        } else {
            const std::size_t length = utf8_sequence(p_, end_);
            if (length == 0) return fail_here("the bytes are not UTF-8");
            p_ += length;
        }
    }
}

bool Scanner::escape() {
    if (end_ - p_ < 2) return fail_here("a string is not closed");
    switch (p_[1]) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            p_ += 2;
            return true;
        case 'u':
            if (end_ - p_ < 6 || hex_value(p_[2]) < 0 || hex_value(p_[3]) < 0 ||
                hex_value(p_[4]) < 0 || hex_value(p_[5]) < 0) {
                return fail_here("\\u needs four hexadecimal digits");
            }
            p_ += 6;
            return true;
        default:
            return fail_here("an unknown escape");
    }
}

bool Scanner::number() {
    const char* p = p_;
    auto digits = [&] {
        const char* first = p;
        while (p < end_ && is_digit(*p)) ++p;
        return p != first;
    };
    if (*p == '-') ++p;
    if (p < end_ && *p == '0') {
        ++p;
        if (p < end_ && is_digit(*p)) return fail_here("a number begins with 0");
    } else if (!digits()) {
        return fail_here(p == p_ ? "a value is expected" : "a digit is expected after '-'");
    }
    if (p < end_ && *p == '.') {
        ++p;
        if (!digits()) return fail_here("a digit is expected after '.'");
    }
    if (p < end_ && (*p == 'e' || *p == 'E')) {
        ++p;
        if (p < end_ && (*p == '+' || *p == '-')) ++p;
        if (!digits()) return fail_here("a digit is expected in the exponent");
    }
    p_ = p;
    return true;
}

bool Scanner::literal(std::string_view word) {
    if (static_cast<std::size_t>(end_ - p_) < word.size() ||
        std::memcmp(p_, word.data(), word.size()) != 0) {
        return fail_here("a value is expected");
    }
    p_ += word.size();
    return true;
}

void Scanner::note_name(const char* token, const char* token_end, bool escaped) {
    std::string_view text(token, static_cast<std::size_t>(token_end - token));
    if (escaped) text = decoded_.emplace_back(*unescape(text, LoneSurrogates::keep));
    names_.push_back({prefix_of(text), text, token - 1});
}

/// Checks the object whose names begin at `first` and forgets them.
bool Scanner::names_differ(std::size_t first) {
    auto begin = names_.begin() + static_cast<std::ptrdiff_t>(first);
    if (duplicates_ == Duplicates::keep) return names_.erase(begin, names_.end()), true;
    const char* duplicate = nullptr;
    if (names_.size() - first <= compared_pairwise_max) {
        for (auto a = begin; a != names_.end() && duplicate == nullptr; ++a) {
            for (auto b = begin; b != a; ++b) {
                if (*a == *b) duplicate = a->at;
            }
        }
    } else {
        std::sort(begin, names_.end());
        auto twin = std::adjacent_find(begin, names_.end());
        if (twin != names_.end()) duplicate = std::max(twin[0].at, twin[1].at);
    }
    names_.erase(begin, names_.end());
    if (duplicate != nullptr) return fail_at(duplicate, "two members have the same name");
    return true;
}

std::optional<std::string> unescape(std::string_view token, LoneSurrogates lone) {
    std::string out;
    out.reserve(token.size());
    const char* p = token.data();
    const char* end = p + token.size();
    while (p < end) {
        const void* found = std::memchr(p, '\\', static_cast<std::size_t>(end - p));
        const char* backslash = found ? static_cast<const char*>(found) : end;
        out.append(p, backslash);
        p = backslash;
        if (p == end) break;
        const char kind = p[1];
        p += 2;
        if (kind != 'u') {
            constexpr std::string_view kinds = "bfnrt", meanings = "\b\f\n\r\t";
            auto index = kinds.find(kind);
            out += index == std::string_view::npos ? kind : meanings[index];
            continue;
        }
        std::uint32_t unit = code_unit(p);
        p += 4;
        if (unit >= 0xD800 && unit <= 0xDBFF && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
            const std::uint32_t low = code_unit(p + 2);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                p += 6;
            }
        }
        if (unit >= 0xD800 && unit <= 0xDFFF && lone == LoneSurrogates::refuse) return std::nullopt;
        append_utf8(out, unit);
    }
    return out;
}

Result<std::string> compact(std::string_view text, std::size_t depth_max) {
    Scanner scanner(text, depth_max);
    if (!scanner.scan()) return std::unexpected(scanner.error());
    return scanner.take_compact();
}

Result<std::vector<Member>> split_object(std::string_view text, std::size_t depth_max) {
    return split_object(text, depth_max, {});
}

Result<std::vector<Member>> split_object(std::string_view text, std::size_t depth_max,
                                         Bounds bounds) {
    Scanner scanner(text, depth_max, bounds);
    std::vector<Scanner::Span> names, values;
    if (!scanner.scan_children(names, values)) return std::unexpected(scanner.error());
    std::string_view compact = scanner.compact();
    if (compact.front() != '{') return fail_field("#", "must be a JSON object");
    std::vector<Member> members;
    members.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto token = compact.substr(names[i].begin + 1, names[i].end - names[i].begin - 2);
        auto name = unescape(token, LoneSurrogates::refuse);
        if (!name) {
            return fail(ErrorCode::invalid_argument,
                        "a member's name has half of a surrogate pair (\\uD800 to \\uDFFF)",
                        "malformed-json");
        }
        members.push_back(
            {std::move(*name),
             std::string(compact.substr(values[i].begin, values[i].end - values[i].begin))});
    }
    return members;
}

Result<std::vector<std::string>> split_array(std::string_view text, std::size_t depth_max) {
    Scanner scanner(text, depth_max);
    std::vector<Scanner::Span> names, values;
    if (!scanner.scan_children(names, values)) return std::unexpected(scanner.error());
    std::string_view compact = scanner.compact();
    if (compact.front() != '[') return fail_field("#", "must be a JSON array");
    std::vector<std::string> elements;
    elements.reserve(values.size());
    for (auto span : values)
        elements.emplace_back(compact.substr(span.begin, span.end - span.begin));
    return elements;
}

Result<std::string> decode_string(std::string_view value) {
    Scanner scanner(value, 0);
    if (!scanner.scan()) return std::unexpected(scanner.error());
    std::string_view token = scanner.compact();
    if (token.front() != '"') return fail(ErrorCode::invalid_argument, "must be a string");
    auto text = unescape(token.substr(1, token.size() - 2), LoneSurrogates::refuse);
    if (!text) {
        return fail(ErrorCode::invalid_argument,
                    "has half of a surrogate pair (\\uD800 to \\uDFFF)");
    }
    return *std::move(text);
}

}  // namespace postrider::json
