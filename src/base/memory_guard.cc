#include "base/memory_guard.h"

namespace postrider {

Error out_of_memory() {
    return {
        ErrorCode::unavailable, "The server has no memory for this request now; try again.", {}};
}

}  // namespace postrider
