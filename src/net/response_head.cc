#include "net/response_head.h"

#include <algorithm>

namespace postrider::net {
namespace {

using std::string_view;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "HTTP/1.1 200" and nothing else.
bool has_no_reason(string_view status_line) {
    constexpr string_view shape = "HTTP/0.0 000";
    return status_line.size() == shape.size() &&
           std::ranges::equal(status_line, shape, [](char given, char wanted) {
               return wanted == '0' ? is_digit(given) : given == wanted;
           });
}

string_view without_line_end(string_view line) {
    line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool has_bare_line_feed(string_view head) {
    for (auto at = head.find('\n'); at != string_view::npos; at = head.find('\n', at + 1)) {
        if (at == 0 || head[at - 1] != '\r') return true;
    }
    return false;
}

}  // namespace

string_view::size_type find_head_end(string_view bytes, std::size_t searched) {
    constexpr std::size_t overlap = 2;  // of "\n\r\n", cut before its last byte
    for (auto at = bytes.find('\n', std::max(searched, overlap) - overlap); at != string_view::npos;
         at = bytes.find('\n', at + 1)) {
        const auto rest = bytes.substr(at + 1);
        if (rest.starts_with('\n')) return at + 2;
        if (rest.starts_with("\r\n")) return at + 3;
    }
    return string_view::npos;
}

string_view normalize_head(string_view head, std::string& storage) {
    const bool lacks_space = has_no_reason(without_line_end(head.substr(0, head.find('\n') + 1)));
    if (!lacks_space && !has_bare_line_feed(head)) return head;
    storage.clear();
    for (bool is_first = true; !head.empty(); is_first = false) {
        const auto length = head.find('\n') + 1;
        storage += without_line_end(head.substr(0, length));
        if (is_first && lacks_space) storage += ' ';
        storage += "\r\n";
        head.remove_prefix(length);
    }
    return storage;
}

}  // namespace postrider::net
