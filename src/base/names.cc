#include "base/names.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/encoding.h"

namespace postrider {
namespace {

using CodePoint = utf8proc_int32_t;
using CodePoints = std::vector<CodePoint>;

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string ascii_lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

/// What is no UTF-8 reads as U+FFFD.
CodePoints decode(std::string_view text) {
    CodePoints points;
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    auto left = static_cast<utf8proc_ssize_t>(text.size());
    while (left > 0) {
        CodePoint point = 0;
        const auto used = utf8proc_iterate(at, left, &point);
        points.push_back(used > 0 ? point : 0xFFFD);
        at += std::max<utf8proc_ssize_t>(used, 1);
        left -= std::max<utf8proc_ssize_t>(used, 1);
    }
    return points;
}

std::string encode(const CodePoints& points) {
    std::string text;
    for (const CodePoint point : points) append_utf8(text, static_cast<std::uint32_t>(point));
    return text;
}

/// Half-width Hangul and the full-width macron, whose ordinary forms decompose further in the
/// library's eyes. 0: none of them.
CodePoint width_exception(CodePoint point) {
    struct Range {
        CodePoint first, last, to;
    };
    constexpr Range ranges[] = {{0xFFA0, 0xFFA0, 0x3164}, {0xFFA1, 0xFFBE, 0x3131},
                                {0xFFC2, 0xFFC7, 0x314F}, {0xFFCA, 0xFFCF, 0x3155},
                                {0xFFD2, 0xFFD7, 0x315B}, {0xFFDA, 0xFFDC, 0x3161},
                                {0xFFE3, 0xFFE3, 0x00AF}};
    for (const auto& [first, last, to] : ranges) {
        if (point >= first && point <= last) return to + (point - first);
    }
    return 0;
}

/// RFC 8265 section 3.3.1: full-width and half-width characters become what they decompose to.
CodePoints map_width(const CodePoints& points) {
    CodePoints mapped;
    for (const CodePoint point : points) {
        const auto kind = utf8proc_get_property(point)->decomp_type;
        if (kind != UTF8PROC_DECOMP_TYPE_WIDE && kind != UTF8PROC_DECOMP_TYPE_NARROW) {
            mapped.push_back(point);
            continue;
        }
        if (const CodePoint exception = width_exception(point); exception != 0) {
            mapped.push_back(exception);
            continue;
        }
        CodePoint plain[8];
        int last_class = UTF8PROC_BOUNDCLASS_START;
        const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
        const auto count = utf8proc_decompose_char(point, plain, 8, options, &last_class);
        if (count < 1 || count > 8) {
            mapped.push_back(point);
        } else {
            mapped.insert(mapped.end(), plain, plain + count);
        }
    }
    return mapped;
}

bool is_letter(CodePoint point) {
    const auto category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

/// Unicode's toLowercase(): with its two rules that are no table of single characters, the dotted
/// capital I and the sigma at a word's end.
CodePoints lower(const CodePoints& points) {
    constexpr CodePoint dotted_capital_i = 0x130, dot_above = 0x307;
    constexpr CodePoint capital_sigma = 0x3A3, final_sigma = 0x3C2;
    CodePoints lowered;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const CodePoint point = points[i];
        if (point == dotted_capital_i) {
            lowered.push_back('i');
            lowered.push_back(dot_above);
        } else if (point == capital_sigma && i > 0 && is_letter(points[i - 1]) &&
                   (i + 1 == points.size() || !is_letter(points[i + 1]))) {
            lowered.push_back(final_sigma);
        } else {
            lowered.push_back(utf8proc_tolower(point));
        }
    }
    return lowered;
}

/// NFC. Empty when there is no memory, as for an empty text.
std::string compose(const std::string& text) {
    struct Free {
        void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
    };
    utf8proc_uint8_t* made = nullptr;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &made, options);
    const std::unique_ptr<utf8proc_uint8_t, Free> owner(made);
    if (size < 0) return {};
    return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

}  // namespace

std::string fold_name(std::string_view name) {
    if (is_ascii(name)) return ascii_lower(name);
    auto text = encode(decode(name));
    // Composing may make a character that has a lower case. RFC 8265 section 3.3.3 asks to apply
    // the rules again until nothing changes, three times more at most.
    for (int round = 0; round < 4; ++round) {
        auto next = compose(encode(lower(map_width(decode(text)))));
        if (next == text) break;
        text = std::move(next);
    }
    return text;
}

std::string name_problem(std::string_view name) {
    if (name.starts_with(' ') || name.ends_with(' ')) return "must not begin or end with a space";
    if (is_ascii(name)) return {};
    for (const CodePoint point : decode(name)) {
        const auto says = [point](std::string_view what) {
            return fmt::format("has {} (U+{:04X}); remove it", what, point);
        };
        if (point == ' ') continue;
        if (utf8proc_get_property(point)->ignorable) return says("an invisible character");
        switch (utf8proc_category(point)) {
            case UTF8PROC_CATEGORY_ZS:
                return says("a space that is not the ordinary one");
            case UTF8PROC_CATEGORY_ZL:
            case UTF8PROC_CATEGORY_ZP:
            case UTF8PROC_CATEGORY_CC:
            case UTF8PROC_CATEGORY_CF:
                return says("a control character");
            case UTF8PROC_CATEGORY_CO:
            case UTF8PROC_CATEGORY_CN:
            case UTF8PROC_CATEGORY_CS:
                return says("a character that Unicode has not assigned");
            default:
                break;
        }
    }
    return {};
}

}  // namespace postrider
