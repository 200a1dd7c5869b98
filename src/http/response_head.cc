#include "http/response_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postrider::http {
namespace {

std::string_view reason_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 417:
            return "Expectation Failed";
        case 415:
            return "Unsupported Media Type";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 507:
            return "Insufficient Storage";
        default:
            return "";  // RFC 9112 lets the phrase be empty
    }
}

void append_number(std::string& out, std::size_t value) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

void append_clean(std::string& out, std::string_view text) {
    if (std::none_of(text.begin(), text.end(), is_control)) {
        out += text;
        return;
    }
    std::copy_if(text.begin(), text.end(), std::back_inserter(out),
                 [](char c) { return !is_control(c); });
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 0x20) : x) == y;
    });
}

bool has_header(const Response& response, std::string_view lower) {
    return std::any_of(response.headers.begin(), response.headers.end(), [&](const auto& header) {
        return equal_ignoring_case(header.first, lower);
    });
}

}  // namespace

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string format_http_date(Timestamp time) {
    using namespace std::chrono;
    constexpr const char* day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<seconds>(time - day)};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       day_names[weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                       month_names[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

void append_head(std::string& out, const Response& response, const HeadOptions& options) {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(response.status));
    out += ' ';
    out += reason_of(response.status);
    out += "\r\nDate: ";
    out += options.date;
    if (status_has_body(response.status)) {
        if (!response.content_type.empty()) {
            out += "\r\nContent-Type: ";
            append_clean(out, response.content_type);
        }
        if (response.source == nullptr) {
            out += "\r\nContent-Length: ";
            append_number(out, response.body_size());
        } else if (!options.http_1_0) {
            out += "\r\nTransfer-Encoding: chunked";
        }
        if (response.content_type.find("json") != std::string::npos &&
            !has_header(response, "cache-control")) {
            out += "\r\nCache-Control: no-store";
        }
    }
    out += "\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ";
    out += options.request_id;
    if (response.status == 401 && !has_header(response, "www-authenticate")) {
        out += "\r\nWWW-Authenticate: Bearer";
    }
    if (!options.strict_transport.empty()) {
        out += "\r\nStrict-Transport-Security: ";
        out += options.strict_transport;
    }
    for (const auto& [name, value] : response.headers) {
        out += "\r\n";
        append_clean(out, name);
        out += ": ";
        append_clean(out, value);
    }
    if (options.after == AfterAnswer::close) {
        out += "\r\nConnection: close";
    } else if (options.http_1_0) {
        out += "\r\nConnection: keep-alive";
    }
    out += "\r\n\r\n";
}

}  // namespace postrider::http
