#include "store/list.h"

#include "telemetry/log.h"

namespace postrider::store {

void log_unreadable(const Error& error) {
    log::error("store", "a row is left out", {{"reason", error.message}});
}

}  // namespace postrider::store
