#include "store/sql/text_rules.h"

#include "base/encoding.h"

namespace postrider::store::sql {

bool is_storable_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos && is_utf8(text);
}

std::string storable_text(std::string_view text) {
    std::string out;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        const std::size_t length = *at == '\0' ? 0 : utf8_sequence(at, end);
        if (length == 0) {
            append_utf8(out, 0xFFFD);
            ++at;
        } else {
            out.append(at, length);
            at += length;
        }
    }
    return out;
}

}  // namespace postrider::store::sql
