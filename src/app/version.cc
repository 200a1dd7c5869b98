#include "app/version.h"

#include <fmt/format.h>

#include "store/migrations.h"

namespace postrider::app {

std::string version_text() {
    return fmt::format("{} (commit {}, store version {})", version, commit(),
                       store::migrations().size());
}

}  // namespace postrider::app
