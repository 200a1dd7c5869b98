#include "base/time.h"

#include <fmt/format.h>

namespace postrider {
namespace {

/// Reads exactly `count` digits at the front of `text` and takes them off; -1 when there are fewer.
int take_digits(std::string_view& text, int count) {
    if (text.size() < static_cast<std::size_t>(count)) return -1;
    int value = 0;
    for (int i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::string format_rfc3339(Timestamp time) {
    using namespace std::chrono;
    auto day = floor<days>(time);
    year_month_day date{day};
    hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    int y = take_digits(text, 4);
    if (y < 0 || !take(text, "-")) return std::nullopt;
    int mo = take_digits(text, 2);
    if (mo < 1 || !take(text, "-")) return std::nullopt;
    int d = take_digits(text, 2);
    if (d < 1 || !take(text, "Tt ")) return std::nullopt;
    int h = take_digits(text, 2);
    if (h < 0 || h > 23 || !take(text, ":")) return std::nullopt;
    int mi = take_digits(text, 2);
    if (mi < 0 || mi > 59 || !take(text, ":")) return std::nullopt;
    int s = take_digits(text, 2);
    if (s < 0 || s > 60) return std::nullopt;
    std::int64_t micros = 0;
    if (take(text, ".")) {
        int digits = 0;
        while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
            if (++digits > 9) return std::nullopt;
            if (digits <= 6) micros = micros * 10 + (text[0] - '0');
            text.remove_prefix(1);
        }
        if (digits == 0) return std::nullopt;
        for (; digits < 6; ++digits) micros *= 10;
    }
    minutes offset{0};
    if (!take(text, "Zz")) {
        if (text.empty()) return std::nullopt;
        int sign = text[0] == '-' ? -1 : 1;
        if (!take(text, "+-")) return std::nullopt;
        int oh = take_digits(text, 2);
        if (oh < 0 || oh > 23 || !take(text, ":")) return std::nullopt;
        int om = take_digits(text, 2);
        if (om < 0 || om > 59) return std::nullopt;
        offset = minutes{sign * (oh * 60 + om)};
    }
    if (!text.empty()) return std::nullopt;
    year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
    if (!date.ok()) return std::nullopt;
    Timestamp time = sys_days{date} + hours{h} + minutes{mi} + seconds{s} + microseconds{micros};
    time -= offset;
    if (time < sys_days{year{0} / January / 1} || time >= sys_days{year{10000} / January / 1}) {
        return std::nullopt;
    }
    return time;
}

std::optional<Duration> parse_duration(std::string_view text) {
    std::int64_t value = 0;
    std::size_t at = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        if (at == 10) return std::nullopt;
        value = value * 10 + (text[at++] - '0');
    }
    if (at == 0) return std::nullopt;
    auto unit = text.substr(at);
    struct Unit {
        std::string_view name;
        Duration length;
    };
    constexpr Unit units[] = {{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}, {"d", 24h}};
    for (const auto& [name, length] : units) {
        if (name != unit) continue;
        if (value > Duration::max() / length) return std::nullopt;
        return value * length;
    }
    return std::nullopt;
}

std::string format_duration(Duration duration) {
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    struct Unit {
        std::int64_t ms;
        const char* name;
    };
    constexpr Unit units[] = {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}};
    for (auto unit : units) {
        if (ms != 0 && ms % unit.ms == 0) return fmt::format("{}{}", ms / unit.ms, unit.name);
    }
    return ms == 0 ? "0s" : fmt::format("{}ms", ms);
}

}  // namespace postrider
