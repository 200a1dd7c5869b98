#pragma once

#include <cstddef>
#include <optional>

#include "store/store.h"

namespace postrider::store::deliveries_table {

/// The pending ones of a webhook: how many, counted to `count_max`, and the oldest of those
/// counted, which are the ones due first.
struct Waiting {
    std::int64_t count = 0;
    std::optional<DeliveryId> oldest;
};
Result<Waiting> waiting(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                        std::size_t count_max);

}  // namespace postrider::store::deliveries_table
