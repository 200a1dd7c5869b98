#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cli/verb.h"

namespace postrider::cli {

/// The values of Prometheus' text format, version 0.0.4, by series as it is written:
/// `postrider_attempts_total{outcome="accepted"}`. What is no such line is left out.
std::map<std::string, double, std::less<>> read_metrics(std::string_view text);

/// `postrider top`: what a server does now, and its webhooks, worst first.
Verb top_verb();

}  // namespace postrider::cli
