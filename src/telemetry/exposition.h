#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "telemetry/metrics.h"

namespace postrider::telemetry {

/// Writes metrics in Prometheus' text format, version 0.0.4: each family its help, its type and its
/// series. Requires: a family's series are written before the next family begins.
/// Source: prometheus.io/docs/instrumenting/exposition_formats.
class Exposition {
 public:
    enum class Type { counter, gauge, histogram };

    /// Begins a family. `name` is a metric's name, `help` a sentence.
    void family(std::string_view name, std::string_view help, Type type);
    /// One series of the family, without a label, or with one.
    void series(double value);
    void series(std::string_view label, std::string_view label_value, double value);
    /// The series of a histogram: its buckets, their sum in seconds, their number; without a label
    /// of its own, or with one.
    void series(const DurationHistogram& histogram);
    void series(std::string_view label, std::string_view label_value,
                const DurationHistogram& histogram);

    /// A family of one series.
    void counter(std::string_view name, std::string_view help, double value);
    void counter(std::string_view name, std::string_view help, const Counter& counter);
    void gauge(std::string_view name, std::string_view help, double value);
    void gauge(std::string_view name, std::string_view help, const Gauge& gauge);
    void histogram(std::string_view name, std::string_view help,
                   const DurationHistogram& histogram);

    const std::string& text() const { return text_; }

 private:
    void histogram_series(const std::string& label, const DurationHistogram& histogram);

    std::string name_;  ///< of the family
    std::string text_;
};

}  // namespace postrider::telemetry
