#include "telemetry/exposition.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

#include "base/check.h"

namespace postrider::telemetry {
namespace {

std::string_view word(Exposition::Type type) {
    switch (type) {
        case Exposition::Type::counter:
            return "counter";
        case Exposition::Type::gauge:
            return "gauge";
        case Exposition::Type::histogram:
            return "histogram";
    }
    CHECK(false);
}

/// A line feed would end the line, a quotation mark the label's value.
std::string escaped(std::string_view text, std::string_view special) {
    std::string out;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) out += '\\';
        out += c == '\n' ? 'n' : c;
    }
    return out;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void Exposition::family(std::string_view name, std::string_view help, Type type) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name,
                   escaped(help, "\\\n"), name, word(type));
}

void Exposition::series(double value) {
    fmt::format_to(std::back_inserter(text_), "{} {}\n", name_, value);
}

void Exposition::series(std::string_view label, std::string_view label_value, double value) {
    fmt::format_to(std::back_inserter(text_), "{}{{{}=\"{}\"}} {}\n", name_, label,
                   escaped(label_value, "\\\n\""), value);
}

void Exposition::series(const DurationHistogram& histogram) { histogram_series("", histogram); }

void Exposition::series(std::string_view label, std::string_view label_value,
                        const DurationHistogram& histogram) {
    histogram_series(fmt::format("{}=\"{}\"", label, escaped(label_value, "\\\n\"")), histogram);
}

/// `label`: written, or empty.
void Exposition::histogram_series(const std::string& label, const DurationHistogram& histogram) {
    const std::string first = label.empty() ? "" : label + ",";
    const std::string alone = label.empty() ? "" : "{" + label + "}";
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i <= DurationHistogram::bounds.size(); ++i) {
        cumulative += histogram.count_in(i);
        const bool is_last = i == DurationHistogram::bounds.size();
        fmt::format_to(std::back_inserter(text_), "{}_bucket{{{}le=\"{}\"}} {}\n", name_, first,
                       is_last ? "+Inf" : fmt::to_string(seconds(DurationHistogram::bounds[i])),
                       cumulative);
    }
    fmt::format_to(std::back_inserter(text_), "{}_sum{} {}\n{}_count{} {}\n", name_, alone,
                   seconds(histogram.sum()), name_, alone, cumulative);
}

void Exposition::counter(std::string_view name, std::string_view help, double value) {
    family(name, help, Type::counter);
    series(value);
}

void Exposition::counter(std::string_view name, std::string_view help, const Counter& counter) {
    this->counter(name, help, static_cast<double>(counter.value()));
}

void Exposition::gauge(std::string_view name, std::string_view help, double value) {
    family(name, help, Type::gauge);
    series(value);
}

void Exposition::gauge(std::string_view name, std::string_view help, const Gauge& gauge) {
    this->gauge(name, help, static_cast<double>(gauge.value()));
}

void Exposition::histogram(std::string_view name, std::string_view help,
                           const DurationHistogram& histogram) {
    family(name, help, Type::histogram);
    series(histogram);
}

}  // namespace postrider::telemetry
