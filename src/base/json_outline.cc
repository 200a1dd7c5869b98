#include "base/json_outline.h"

#include "base/json_scanner.h"

namespace postrider::json {

Result<Outline> Outline::of(std::string_view text, std::size_t depth_max) {
    Scanner scanner(text, depth_max, {}, Scanner::Duplicates::keep);
    std::vector<Scanner::Span> names;
    std::vector<Scanner::Span> values;
    if (!scanner.scan_children(names, values)) {
        return std::unexpected(scanner.error_in_lines(text));
    }
    Outline outline;
    outline.text_ = scanner.take_compact();
    if (outline.text_.starts_with('{')) outline.kind_ = Kind::object;
    if (outline.text_.starts_with('[')) outline.kind_ = Kind::array;
    for (const auto& [begin, end] : names) {
        // Without its quotes. A name that is no text is one that nobody looks for.
        const std::string token = outline.text_.substr(begin + 1, end - begin - 2);
        outline.names_.push_back(unescape(token, LoneSurrogates::refuse).value_or(token));
    }
    for (const auto& [begin, end] : values) outline.values_.push_back({begin, end});
    return outline;
}

}  // namespace postrider::json
