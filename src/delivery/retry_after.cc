#include "delivery/retry_after.h"

#include <algorithm>
#include <array>

namespace postrider::delivery {
namespace {

constexpr Duration wait_max = std::chrono::days{3650};

constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Reader {
    std::string_view rest;

    bool take(std::string_view literal) {
        if (!rest.starts_with(literal)) return false;
        rest.remove_prefix(literal.size());
        return true;
    }
    std::optional<int> digits(std::size_t count) {
        if (rest.size() < count) return std::nullopt;
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (rest[i] < '0' || rest[i] > '9') return std::nullopt;
            value = value * 10 + (rest[i] - '0');
        }
        rest.remove_prefix(count);
        return value;
    }
    std::optional<int> month() {
        auto found = std::ranges::find(month_names, rest.substr(0, 3));
        if (found == month_names.end()) return std::nullopt;
        rest.remove_prefix(3);
        return static_cast<int>(found - month_names.begin()) + 1;
    }
    bool weekday() {
        // Which day it was does not matter; that it is a word does.
        auto letters = std::ranges::find_if_not(
            rest, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
        auto length = static_cast<std::size_t>(letters - rest.begin());
        rest.remove_prefix(length);
        return length >= 3;
    }
};

struct Date {
    std::optional<int> year, month, day, hour, minute, second;

    std::optional<Timestamp> time() const {
        using namespace std::chrono;
        if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
        if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
        year_month_day date{std::chrono::year{*year}, std::chrono::month(unsigned(*month)),
                            std::chrono::day(unsigned(*day))};
        if (!date.ok()) return std::nullopt;
        return sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second};
    }
};

void read_clock(Reader& reader, Date& date) {
    date.hour = reader.digits(2);
    if (!reader.take(":")) return;
    date.minute = reader.digits(2);
    if (!reader.take(":")) return;
    date.second = reader.digits(2);
}

/// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<Timestamp> read_imf_fixdate(std::string_view text) {
    Reader reader{text};
    Date date;
    if (!reader.weekday() || !reader.take(", ")) return std::nullopt;
    date.day = reader.digits(2);
    if (!reader.take(" ")) return std::nullopt;
    date.month = reader.month();
    if (!reader.take(" ")) return std::nullopt;
    date.year = reader.digits(4);
    if (!reader.take(" ")) return std::nullopt;
    read_clock(reader, date);
    if (!reader.take(" GMT") || !reader.rest.empty()) return std::nullopt;
    return date.time();
}

/// Sunday, 06-Nov-94 08:49:37 GMT; a year that seems over 50 years ahead is in the last century.
std::optional<Timestamp> read_rfc850(std::string_view text, Timestamp now) {
    Reader reader{text};
    Date date;
    if (!reader.weekday() || !reader.take(", ")) return std::nullopt;
    date.day = reader.digits(2);
    if (!reader.take("-")) return std::nullopt;
    date.month = reader.month();
    if (!reader.take("-")) return std::nullopt;
    auto short_year = reader.digits(2);
    if (!short_year || !reader.take(" ")) return std::nullopt;
    std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    int this_year = static_cast<int>(today.year());
    int year = this_year / 100 * 100 + *short_year;
    date.year = year > this_year + 50 ? year - 100 : year;
    read_clock(reader, date);
    if (!reader.take(" GMT") || !reader.rest.empty()) return std::nullopt;
    return date.time();
}

/// Sun Nov  6 08:49:37 1994
std::optional<Timestamp> read_asctime(std::string_view text) {
    Reader reader{text};
    Date date;
    if (!reader.weekday() || !reader.take(" ")) return std::nullopt;
    date.month = reader.month();
    if (!reader.take(" ")) return std::nullopt;
    date.day = reader.take(" ") ? reader.digits(1) : reader.digits(2);
    if (!reader.take(" ")) return std::nullopt;
    read_clock(reader, date);
    if (!reader.take(" ")) return std::nullopt;
    date.year = reader.digits(4);
    if (!reader.rest.empty()) return std::nullopt;
    return date.time();
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view value, Timestamp now) {
    if (!value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) {
        std::int64_t seconds = 0;
        constexpr auto most = std::chrono::duration_cast<std::chrono::seconds>(wait_max).count();
        for (char c : value) seconds = std::min(seconds * 10 + (c - '0'), most);
        return std::chrono::seconds{seconds};
    }
    auto date = read_imf_fixdate(value);
    if (!date) date = read_rfc850(value, now);
    if (!date) date = read_asctime(value);
    if (!date) return std::nullopt;
    return std::clamp<Duration>(*date - now, Duration{0}, wait_max);
}

}  // namespace postrider::delivery
