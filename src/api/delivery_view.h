#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "delivery/ports.h"
#include "store/delivery_search.h"
#include "store/rows.h"
#include "store/tables.h"

namespace postrider::api {

/// Why it has not arrived, one sentence; "" when it has, or waits for its first attempt.
std::string delivery_reason(const store::DeliveryView& view);

using MaybeWait = std::optional<delivery::Wait>;

/// The JSON of a delivery. `wait`: what it waits for, nullopt when it is final or being attempted.
void write_delivery(json::Writer& writer, const store::DeliveryView& view, const MaybeWait& wait);
/// As in lists: with how long the last attempt took.
void write_delivery(json::Writer& writer, const store::deliveries_table::Listed& listed,
                    const MaybeWait& wait);
/// The same with `attempts_log`, every attempt in order, and the delivery of the same resource that
/// it waits for.
void write_delivery(json::Writer& writer, const store::DeliveryView& view,
                    const std::vector<store::AttemptRow>& attempts, const MaybeWait& wait,
                    const std::optional<DeliveryId>& blocked_by = {});

/// The JSON of an attempt. Secrets in its request headers were masked before it was stored.
void write_attempt(json::Writer& writer, const store::AttemptRow& row);

}  // namespace postrider::api
