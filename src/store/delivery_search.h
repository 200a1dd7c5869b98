#pragma once

#include <optional>
#include <string>

#include "store/tables.h"

namespace postrider::store::deliveries_table {

/// What the last attempt of a delivery must have been. Empty members match everything, also
/// deliveries without an attempt. No index answers it: what the other filters leave is read
/// through.
struct AttemptFilter {
    int status_min = 0;  ///< 0: any, and the next is not looked at
    int status_max = 0;
    std::vector<OutcomeReason> outcomes = {};  ///< one of these
    Duration took_min{0};
};

/// A delivery as lists show it.
struct Listed {
    DeliveryView view;
    std::optional<Duration> took;  ///< the last attempt
};

/// list() of tables.h with these filters, and how long the last attempt took.
Result<List<Listed>> matching(sql::Connection& sql, const RealmId& realm,
                              const DeliveryFilter& filter, const AttemptFilter& last_attempt,
                              std::optional<DeliveryId> before, std::size_t limit);
/// The same of the events about a resource: newest event first, then newest delivery.
Result<List<Listed>> of_resource(sql::Connection& sql, const RealmId& realm,
                                 const ResourceId& resource, const DeliveryFilter& filter,
                                 const AttemptFilter& last_attempt,
                                 std::optional<DeliveryId> before, std::size_t limit);

}  // namespace postrider::store::deliveries_table
