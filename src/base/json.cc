#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "base/encoding.h"
#include "base/json_outline.h"
#include "base/json_scanner.h"

namespace postrider::json {
namespace {

/// Builds the tree of a text that the scanner has checked and compacted.
class Builder {
 public:
    /// `twice`: nullptr where the scanner has refused names that are there twice.
    explicit Builder(std::string_view compact, std::vector<std::string>* twice = nullptr)
        : p_(compact.data()), end_(p_ + compact.size()), twice_(twice) {}

    bool value(Value& out) {
        switch (*p_) {
            case '{':
                return object(out);
            case '[':
                return array(out);
            case '"': {
                std::string text;
                if (!string(text)) return false;
                out = Value(std::move(text));
                return true;
            }
            case 't':
                return p_ += 4, out = Value(true), true;
            case 'f':
                return p_ += 5, out = Value(false), true;
            case 'n':
                return p_ += 4, out = Value(nullptr), true;
            default:
                return number(out);
        }
    }
    /// Why value() was false: what is valid JSON, but has no place in a Value.
    std::string_view reason() const { return reason_; }

 private:
    bool object(Value& out) {
        Object members;
        ++p_;
        while (*p_ != '}') {
            if (*p_ == ',') ++p_;
            auto& [name, member] = members.emplace_back();
            if (!string(name)) return false;
            ++p_;  // the colon
            if (!value(member)) return false;
        }
        ++p_;
        if (twice_ != nullptr) keep_last(members);
        out = Value(std::move(members));
        return true;
    }
    /// Sorted, so that an object of a million members costs n log n.
    void keep_last(Object& members) {
        std::vector<std::size_t> order(members.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
            return members[a].first < members[b].first;
        });
        std::vector<bool> goes(members.size(), false);
        bool any = false;
        for (std::size_t i = 0; i + 1 < order.size();) {
            std::size_t last = i;
            while (last + 1 < order.size() &&
                   members[order[last + 1]].first == members[order[i]].first) {
                goes[order[++last]] = true;
            }
            if (last > i) {
                any = true;
                twice_->push_back(members[order[i]].first);
                members[order[i]].second = std::move(members[order[last]].second);
            }
            i = last + 1;
        }
        if (!any) return;
        std::size_t index = 0;
        std::erase_if(members, [&](const Object::value_type&) { return goes[index++]; });
    }
    bool array(Value& out) {
        Array elements;
        ++p_;
        while (*p_ != ']') {
            if (*p_ == ',') ++p_;
            if (!value(elements.emplace_back())) return false;
        }
        ++p_;
        out = Value(std::move(elements));
        return true;
    }
    bool string(std::string& out) {
        const char* first = ++p_;
        bool escaped = false;
        for (; *p_ != '"'; ++p_) {
            if (*p_ == '\\') {
                escaped = true;
                ++p_;
            }
        }
        std::string_view token(first, static_cast<std::size_t>(p_ - first));
        ++p_;
        if (!escaped) return out = token, true;
        auto text = unescape(token, LoneSurrogates::refuse);
        if (!text) {
            reason_ = "a string has half of a surrogate pair (\\uD800 to \\uDFFF)";
            return false;
        }
        out = *std::move(text);
        return true;
    }
    bool number(Value& out) {
        const char* first = p_;
        bool whole = true;
        for (; p_ < end_ && *p_ != ',' && *p_ != ']' && *p_ != '}'; ++p_) {
            if (*p_ == '.' || *p_ == 'e' || *p_ == 'E') whole = false;
        }
        if (std::int64_t integer = 0; whole) {
            if (std::from_chars(first, p_, integer).ec == std::errc{}) {
                return out = Value(integer), true;
            }
        }
        double real = 0;
        if (std::from_chars(first, p_, real).ec != std::errc{}) {
            // Either too small, which is as good as zero, or too large.
            if (!tiny(first)) {
                reason_ = "a number is too large";
                return false;
            }
            real = *first == '-' ? -0.0 : 0.0;
        }
        return out = Value(real), true;
    }
    /// Of a number that no double can hold: whether it is near zero.
    bool tiny(const char* first) const {
        // 400 digits of fraction or an exponent: the first digit that is not 0 decides the rest.
        const char* exponent = std::find_if(first, p_, [](char c) { return c == 'e' || c == 'E'; });
        const char* point = std::find(first, exponent, '.');
        const char* digit =
            std::find_if(first, exponent, [](char c) { return c >= '1' && c <= '9'; });
        if (digit == exponent) return true;
        const double place = static_cast<double>(digit < point ? point - digit : point - digit + 1);
        double shift = 0;
        for (const char* c = exponent; c < p_; ++c) {
            if (*c >= '0' && *c <= '9') shift = std::min(shift * 10 + (*c - '0'), 1e18);
        }
        const bool negative = exponent + 1 < p_ && exponent[1] == '-';
        return place + (negative ? -shift : shift) < 0;
    }

    const char* p_;
    const char* end_;
    std::vector<std::string>* twice_;
    std::string_view reason_;
};

void append_double(std::string& out, double value) {
    if (!std::isfinite(value)) {  // JSON has no word for them
        out += "null";
        return;
    }
    const std::size_t before = out.size();
    fmt::format_to(std::back_inserter(out), "{}", value);
    // It reads back as what it was: a double.
    if (out.find_first_of(".e", before) == std::string::npos) out += ".0";
}

struct Layout {
    bool pretty = false;
    std::size_t depth = 0;
};

void new_line(std::string& out, Layout layout) {
    if (!layout.pretty) return;
    out += '\n';
    out.append(2 * layout.depth, ' ');
}

void append_value(std::string& out, const Value& value, Layout layout) {
    const Layout inner{layout.pretty, layout.depth + 1};
    if (const auto* object = value.as_object()) {
        out += '{';
        const char* separator = "";
        for (const auto& [name, member] : *object) {
            out += separator;
            new_line(out, inner);
            append_string(out, name);
            out += layout.pretty ? ": " : ":";
            append_value(out, member, inner);
            separator = ",";
        }
        if (!object->empty()) new_line(out, layout);
        out += '}';
    } else if (const auto* array = value.as_array()) {
        out += '[';
        const char* separator = "";
        for (const auto& element : *array) {
            out += separator;
            new_line(out, inner);
            append_value(out, element, inner);
            separator = ",";
        }
        if (!array->empty()) new_line(out, layout);
        out += ']';
    } else if (const auto* text = value.as_string()) {
        append_string(out, *text);
    } else if (const auto* integer = value.as_int()) {
        fmt::format_to(std::back_inserter(out), "{}", *integer);
    } else if (const auto* real = value.as_double()) {
        append_double(out, *real);
    } else if (const auto* truth = value.as_bool()) {
        out += *truth ? "true" : "false";
    } else {
        out += "null";
    }
}

}  // namespace

std::string_view Value::type_name() const {
    if (as_bool()) return "a boolean";
    if (as_int() || as_double()) return "a number";
    if (as_string()) return "a string";
    if (as_array()) return "an array";
    if (as_object()) return "an object";
    return "null";
}

const Value* Value::find(std::string_view name) const {
    const auto* object = as_object();
    if (!object) return nullptr;
    for (const auto& [member_name, member] : *object) {
        if (member_name == name) return &member;
    }
    return nullptr;
}

bool Value::operator==(const Value& other) const { return storage_ == other.storage_; }

namespace {

Result<Value> build(const Scanner& scanner, std::vector<std::string>* twice) {
    Builder builder(scanner.compact(), twice);
    Value value;
    if (!builder.value(value)) {
        return fail(ErrorCode::invalid_argument, std::string(builder.reason()), "malformed-json");
    }
    return value;
}

}  // namespace

Result<Value> parse(std::string_view text, std::size_t depth_max) {
    return parse(text, depth_max, {});
}

Result<Value> parse(std::string_view text, std::size_t depth_max, Bounds bounds) {
    Scanner scanner(text, depth_max, bounds);
    scanner.bound_values(tree_values_max);
    if (!scanner.scan()) {
        if (scanner.is_list_too_long()) return std::unexpected(scanner.error());
        return std::unexpected(scanner.error_in_lines(text));
    }
    return build(scanner, nullptr);
}

Result<Value> parse_last_counts(std::string_view text, std::size_t depth_max,
                                std::vector<std::string>& twice) {
    Scanner scanner(text, depth_max, {}, Scanner::Duplicates::keep);
    if (!scanner.scan()) return std::unexpected(scanner.error_in_lines(text));
    return build(scanner, &twice);
}

std::string serialize(const Value& value) {
    std::string out;
    append_value(out, value, {});
    return out;
}

std::string serialize_pretty(const Value& value) {
    std::string out;
    append_value(out, value, {.pretty = true});
    return out;
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    const char* p = text.data();
    const char* end = p + text.size();
    const char* run = p;
    auto flush = [&] { out.append(run, static_cast<std::size_t>(p - run)); };
    while (p < end) {
        const auto byte = static_cast<unsigned char>(*p);
        if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
            ++p;
            continue;
        }
        if (byte >= 0x80) {
            if (std::size_t length = utf8_sequence(p, end)) {
                p += length;
                continue;
            }
            flush();
            append_utf8(out, 0xFFFD);
        } else {
            flush();
            constexpr std::string_view special = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
            auto index = special.find(*p);
            if (index != std::string_view::npos) {
                out += '\\';
                out += letters[index];
            } else {
                fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
            }
        }
        run = ++p;
    }
    flush();
    out += '"';
}

void Writer::separate() {
    if (!first_) out_ += ',';
    first_ = false;
}
void Writer::begin_object() {
    separate();
    out_ += '{';
    first_ = true;
}
void Writer::end_object() {
    out_ += '}';
    first_ = false;
}
void Writer::begin_array() {
    separate();
    out_ += '[';
    first_ = true;
}
void Writer::end_array() {
    out_ += ']';
    first_ = false;
}
void Writer::key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    first_ = true;  // its value needs no comma
}
void Writer::string(std::string_view value) {
    separate();
    append_string(out_, value);
}
void Writer::number(std::int64_t value) {
    separate();
    char digits[20];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}
void Writer::boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
}
void Writer::null() {
    separate();
    out_ += "null";
}
void Writer::raw(std::string_view json_text) {
    separate();
    out_ += json_text;
}
void Writer::member(std::string_view name, std::string_view value) {
    key(name);
    string(value);
}
void Writer::member(std::string_view name, std::int64_t value) {
    key(name);
    number(value);
}
void Writer::member(std::string_view name, bool value) {
    key(name);
    boolean(value);
}
void Writer::member_raw(std::string_view name, std::string_view json_text) {
    key(name);
    raw(json_text);
}
void Writer::member_null(std::string_view name) {
    key(name);
    null();
}

}  // namespace postrider::json
