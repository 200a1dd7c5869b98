#pragma once

#include <optional>

#include "base/uuid.h"

namespace postrider::store {

/// The smallest UUIDv7 of the millisecond that `time` lies in, rounded up: ids at or above it were
/// minted at `time` or later. Lists filter by accepted_at through it, by key.
Uuid first_id_at(Timestamp time);

/// Above every id.
Uuid last_id();

/// `before`, or above every id: so that one query with `id < $n` serves first and later pages.
template <typename IdType>
Uuid upper_bound(const std::optional<IdType>& before) {
    return before ? before->uuid : last_id();
}

}  // namespace postrider::store
