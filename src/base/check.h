#pragma once

namespace postrider {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}

/// A programmer's error ends the process, in release too. Never on outside input.
#define CHECK(expression)                \
    ((expression) ? static_cast<void>(0) \
                  : ::postrider::check_failed(#expression, __FILE__, __LINE__))
