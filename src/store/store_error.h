#pragma once

#include "base/result.h"

namespace postrider::store {

/// Whether an error says that the store is busy, full or gone: then the same may succeed later. Any
/// other is of what was read or written.
inline bool is_of_the_store(const Error& error) {
    return error.code == ErrorCode::unavailable || error.code == ErrorCode::resource_exhausted ||
           error.code == ErrorCode::deadline_exceeded;
}

}  // namespace postrider::store
