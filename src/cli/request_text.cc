#include "cli/request_text.h"

#include <fmt/format.h>

#include <charconv>

#include "cli/text.h"

namespace postrider::cli {

std::string_view RequestText::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

Result<std::pair<std::string, std::string>> parse_header_line(std::string_view line) {
    auto colon = line.find(':');
    std::string name(line.substr(0, colon));
    bool token = !name.empty();
    for (char& c : name) {
        token = token && c > 0x20 && c < 0x7f;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (colon == std::string_view::npos || !token) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("\"{}\" is no header: write it \"name: value\"",
                                truncated(printable(line), 60)));
    }
    auto value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
        value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    return std::pair{std::move(name), std::string(value)};
}

Result<RequestText> parse_request_text(std::string_view text) {
    RequestText request;
    bool first = true;
    for (;;) {
        auto end = text.find('\n');
        if (end == std::string_view::npos) {
            return fail(
                ErrorCode::invalid_argument,
                "there is no empty line between the headers and the body: give a whole HTTP "
                "request, or the headers with --header and the body alone");
        }
        auto line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) break;
        bool request_line = first && line.find(" HTTP/") != std::string_view::npos;
        first = false;
        if (request_line) continue;
        POSTRIDER_ASSIGN(auto header, parse_header_line(line));
        request.headers.push_back(std::move(header));
    }
    request.body = text;
    auto length = request.header("content-length");
    if (length.empty()) return request;
    std::size_t bytes = 0;
    auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
    if (error != std::errc{} || end != length.data() + length.size()) {
        return fail(ErrorCode::invalid_argument, "content-length is no number");
    }
    if (bytes > request.body.size()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the body has {} bytes, and content-length says {}: it is cut",
                                request.body.size(), bytes));
    }
    request.body.resize(bytes);
    return request;
}

}  // namespace postrider::cli
