#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace postrider {

void check_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "postrider: check failed: %s (%s:%d)\n", expression, file, line);
    std::abort();
}

}  // namespace postrider
