#pragma once

#include "store/store.h"

namespace postrider::store::deliveries_table {

/// Makes a pending delivery due at `now`, when it is due later, without using up its schedule: the
/// wait that is cut short begins anew when the attempt fails (decisions/0025). No-op when it is
/// due already, in flight or final, and when it waits for another of its resource (order_table.h).
Result<void> attempt_now(Transaction& tx, const RealmId& realm, const DeliveryId& id,
                         Timestamp now);

}  // namespace postrider::store::deliveries_table
