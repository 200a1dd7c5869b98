#pragma once

#include <optional>
#include <span>

#include "base/uuid.h"

namespace postrider::store {

/// Which of the nodes a lane should be on: rendezvous hashing, so that every node finds the same,
/// and a node that comes or goes moves only its own share. nullopt: there are none.
/// Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998.
std::optional<Uuid> preferred_node(const Uuid& lane, std::span<const Uuid> nodes);

}  // namespace postrider::store
