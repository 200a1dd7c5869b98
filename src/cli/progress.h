#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/context.h"

namespace postrider::cli {

/// A bar on a terminal, "users  ██████░░░░  1200/2000"; nothing elsewhere. It is wiped at the end.
/// Thread-safety: one thread.
class Progress {
 public:
    Progress(Context& context, std::size_t total) : context_(context), total_(total) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void advance(std::string_view what, std::size_t by);
    /// Before other lines are written.
    void clear();

 private:
    Context& context_;
    const std::size_t total_;
    std::size_t done_ = 0;
    std::string shown_;
};

}  // namespace postrider::cli
