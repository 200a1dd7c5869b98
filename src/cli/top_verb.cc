#include "cli/top_verb.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include "base/time.h"
#include "cli/context.h"
#include "cli/statistics_verb.h"

namespace postrider::cli {
namespace {

using Metrics = std::map<std::string, double, std::less<>>;

constexpr Duration first_look = 1s;     ///< between the two looks of the first rates
constexpr Duration period = 5min;       ///< of the webhooks' figures
constexpr std::size_t lines_above = 8;  ///< of a terminal: title, figures, columns, prompt
constexpr std::size_t rows_elsewhere = 20;

struct Look {
    Timestamp at{};
    Metrics metrics;
};

/// The sum over labels.
double sum(const Metrics& metrics, std::string_view family, std::string_view label = {}) {
    double total = 0;
    for (auto at = metrics.lower_bound(family); at != metrics.end(); ++at) {
        const std::string_view series = at->first;
        if (!series.starts_with(family)) break;
        const std::string_view rest = series.substr(family.size());
        if (!rest.empty() && rest[0] != '{') continue;
        if (label.empty() || rest.contains(label)) total += at->second;
    }
    return total;
}

std::string amount(double value) {
    return std::abs(value) < 9.95 && value != std::floor(value) ? fmt::format("{:.1f}", value)
                                                                : fmt::format("{:.0f}", value);
}

/// "2.5 ms": below which `share` of what the histogram counted between two looks lay; "" of
/// nothing.
std::string percentile(const Metrics& now, const Metrics& then, const std::string& name,
                       double share) {
    std::map<double, double> below;
    const std::string begin = name + "_bucket{le=\"";
    for (auto at = now.lower_bound(begin); at != now.end() && at->first.starts_with(begin); ++at) {
        const std::string bound = at->first.substr(begin.size());
        const auto before = then.find(at->first);
        below[bound.starts_with('+') ? HUGE_VAL : std::strtod(bound.c_str(), nullptr)] =
            at->second - (before == then.end() ? 0 : before->second);
    }
    if (below.empty() || below.rbegin()->second <= 0) return "";
    for (const auto& [bound, count] : below) {
        if (count < share * below.rbegin()->second) continue;
        if (std::isinf(bound)) break;
        return bound < 1 ? fmt::format("{} ms", amount(bound * 1000))
                         : fmt::format("{} s", amount(bound));
    }
    return "over 30 s";
}

std::string lasting(double seconds) {
    if (seconds < 60) return fmt::format("{:.0f} s", seconds);
    if (seconds < 3600) return fmt::format("{:.0f} min", seconds / 60);
    return fmt::format("{:.0f} h", seconds / 3600);
}

std::vector<std::string> figures(const Look& now, const Look& then) {
    const double seconds = std::max(std::chrono::duration<double>(now.at - then.at).count(), 0.001);
    const auto rate = [&](std::string_view family, std::string_view label = {}) {
        const double more = sum(now.metrics, family, label) - sum(then.metrics, family, label);
        return amount(std::max(more, 0.0) / seconds);
    };
    const auto value = [&](std::string_view family, std::string_view label = {}) {
        return sum(now.metrics, family, label);
    };
    const std::string commit =
        percentile(now.metrics, then.metrics, "postrider_commit_duration_seconds", 0.99);
    const double overdue = value("postrider_backlog_overdue_seconds");
    return {
        fmt::format("events {}/s   delivered {}/s   failed {}/s   attempts {}/s   in flight {:.0f}",
                    rate("postrider_events_accepted_total"),
                    rate("postrider_deliveries_ended_total", "\"delivered\""),
                    rate("postrider_deliveries_ended_total", "\"failed\""),
                    rate("postrider_attempts_total"), value("postrider_attempts_in_flight")),
        fmt::format("pending {:.0f} due, {:.0f} later{}   webhooks {:.0f} failing, {:.0f} left "
                    "alone, {:.0f} disabled",
                    value("postrider_backlog_deliveries", "\"due\""),
                    value("postrider_backlog_deliveries", "\"scheduled\""),
                    overdue >= 1 ? ", one for " + lasting(overdue) : "",
                    value("postrider_webhooks_failing"), value("postrider_breakers_open"),
                    value("postrider_webhooks", "\"disabled\"")),
        fmt::format("requests {}/s, {}/s with 5xx   commits {}/s{}   CPU {} %   memory {:.0f} MiB",
                    rate("postrider_http_requests_total"),
                    rate("postrider_http_requests_total", "\"5xx\""),
                    rate("postrider_commits_total"), commit.empty() ? "" : ", p99 " + commit,
                    amount(std::round(100 *
                                      (value("process_cpu_seconds_total") -
                                       sum(then.metrics, "process_cpu_seconds_total")) /
                                      seconds)),
                    value("process_resident_memory_bytes") / (1024 * 1024))};
}

/// nullopt: this key may not see the server's own figures.
std::expected<std::optional<Look>, ExitCode> look(Context& context) {
    const auto answer = context.send("GET", "/metrics");
    if (!answer) {
        context.complain(answer.error().message);
        return std::unexpected(exit_failed);
    }
    if (answer->status == 403) return std::nullopt;
    if (answer->status != 200) return std::unexpected(context.refuse(*answer));
    return Look{context.now(), read_metrics(answer->body)};
}

/// What is remembered from one look to the next.
struct Before {
    std::optional<Look> look;
};

int run(Context& context, const Given& given, Before& before) {
    Given listed = given;
    const auto& terminal = context.terminal();
    const std::size_t rows = terminal.is_terminal
                                 ? std::max(terminal.height, lines_above + 1) - lines_above
                                 : rows_elsewhere;
    listed.add("--limit", std::to_string(std::min<std::size_t>(rows, limits::page_size_max)));
    const bool is_for_people =
        context.connection().output == Output::table || context.connection().output == Output::wide;
    if (is_for_people) {
        if (!before.look) {
            auto first = look(context);
            if (!first) return first.error();
            before.look = std::move(*first);
            if (before.look && !context.pause(first_look)) return exit_ok;
        }
        auto now = look(context);
        if (!now) return now.error();
        if (*now && before.look) {
            for (const auto& line : figures(**now, *before.look)) context.say(line);
        } else {
            context.say("The server's own figures need a key with view_metrics.");
        }
        before.look = std::move(*now);
        context.say("");
    }
    Query query;
    query.add("since", format_rfc3339(context.now() - period));
    return rank_webhooks(context, listed, std::move(query));
}

}  // namespace

std::map<std::string, double, std::less<>> read_metrics(std::string_view text) {
    Metrics metrics;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        const auto gap = line.rfind(' ');
        if (line.starts_with('#') || gap == line.npos) continue;
        const std::string_view number = line.substr(gap + 1);
        double value = 0;
        const auto read = std::from_chars(number.begin(), number.end(), value);
        if (read.ec == std::errc{} && read.ptr == number.end()) {
            metrics.emplace(line.substr(0, gap), value);
        }
    }
    return metrics;
}

Verb top_verb() {
    return {.group = "",
            .name = "top",
            .summary = "what the server does now, and its webhooks, worst first",
            .arguments = {{"--once", "", "one look, also on a terminal"}},
            .examples = "postrider top\npostrider top --once",
            .is_live = true,
            .run = [before = std::make_shared<Before>()](Context& context, const Given& given) {
                return run(context, given, *before);
            }};
}

}  // namespace postrider::cli
