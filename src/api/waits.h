#pragma once

#include <functional>
#include <vector>

#include "api/context.h"
#include "delivery/ports.h"
#include "store/rows.h"

namespace postrider::api {

/// What deliveries wait for now, by their rows as they are shown; nullopt for what is final or
/// being attempted. The engine is asked only about those that are due. `then` is called once, on
/// this thread or the engine's.
void look_at_waits(const Context& context, const std::vector<const store::DeliveryRow*>& rows,
                   std::function<void(std::vector<std::optional<delivery::Wait>>)> then);

}  // namespace postrider::api
