#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

void Progress::advance(std::string_view what, std::size_t by) {
    done_ = std::min(total_, done_ + by);
    if (!context_.terminal().is_terminal || total_ == 0) return;
    constexpr std::size_t cells = 30;
    const std::size_t full = done_ * cells / total_;
    std::string bar;
    for (std::size_t i = 0; i < cells; ++i) bar += i < full ? "█" : "░";
    auto line = fmt::format("{:<16} {} {}/{}", what, bar, done_, total_);
    if (line == shown_) return;
    shown_ = std::move(line);
    context_.terminal().out << "\r\x1b[2K" << shown_ << std::flush;
}

void Progress::clear() {
    if (shown_.empty()) return;
    shown_.clear();
    context_.terminal().out << "\r\x1b[2K" << std::flush;
}

}  // namespace postrider::cli
