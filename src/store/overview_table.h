#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "store/sql/connection.h"

/// What operators ask of the whole store, over all realms.
namespace postrider::store::overview_table {

struct Overview {
    std::int64_t due = 0;        ///< deliveries whose time has come: attempted now, or waiting
    std::int64_t scheduled = 0;  ///< deliveries that are tried again later
    std::optional<Timestamp> due_since;  ///< of the delivery that is longest overdue
    std::int64_t webhooks_enabled = 0;
    std::int64_t webhooks_disabled = 0;
    std::int64_t webhooks_failing = 0;  ///< enabled, and their last attempts have failed
    std::int64_t breakers_open = 0;
    /// Of the oldest row that is counted and not added up yet.
    std::optional<Timestamp> counted_since;
};

/// Counts what is pending: 0.1 us a delivery, so it is a lengthy read.
Result<Overview> read(sql::Connection& sql, Timestamp now);

}  // namespace postrider::store::overview_table
