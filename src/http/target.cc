#include "http/target.h"

#include <algorithm>

#include "base/encoding.h"
#include "model/limits.h"

namespace postrider::http {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::unexpected<Error> malformed(std::string why) {
    return fail(ErrorCode::invalid_argument, std::move(why), "malformed-request");
}

/// The path and query of "http://host/path?query"; the target itself when it has that form already.
std::string_view without_origin(std::string_view target) {
    auto scheme_end = target.find("://");
    if (target.starts_with('/') || scheme_end == std::string_view::npos) return target;
    auto path = target.find_first_of("/?", scheme_end + 3);
    // Who is told to talk to somebody in the host's place is told that this is no path.
    if (target.substr(0, path).find('@') != std::string_view::npos) return target;
    return path == std::string_view::npos ? "/" : target.substr(path);
}

std::optional<std::string> form_decode(std::string_view text) {
    if (text.find('+') == std::string_view::npos) return percent_decode(text);
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode(spaced);
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high << 4 | low);
            i += 2;
        }
        if (c == '\0') return std::nullopt;
        out += c;
    }
    if (!is_utf8(out)) return std::nullopt;
    return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> decode_form(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> form;
    while (!text.empty()) {
        const auto pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(pair.size() + 1, text.size()));
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = form_decode(pair.substr(0, equals));
        auto value = form_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
        if (!name || !value || form.size() >= limits::query_parameters_max) return std::nullopt;
        form.emplace_back(std::move(*name), std::move(*value));
    }
    return form;
}

Result<void> read_target(std::string_view target, Request& request) {
    target = without_origin(target);
    target = target.substr(0, target.find('#'));
    const auto question = target.find('?');
    const auto path = target.substr(0, question);
    if (!path.starts_with('/')) return malformed("the request's target is no path");
    request.path = path;
    if (question == std::string_view::npos) return {};
    auto query = decode_form(target.substr(question + 1));
    if (!query) {
        return malformed("the query is not percent-encoded UTF-8, or has more than " +
                         std::to_string(limits::query_parameters_max) + " parameters");
    }
    request.query = std::move(*query);
    return {};
}

}  // namespace postrider::http
