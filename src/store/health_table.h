#pragma once

#include <span>
#include <vector>

#include "store/rows.h"
#include "store/store.h"

/// Sets of rows of the table that tables.h has the rest of.
namespace postrider::store::webhook_health_table {

/// Adds `failures` to the rows that are there. `was_there[i]` says whether `rows[i]` is.
/// Requires: each webhook once.
Result<void> add_failures(Transaction& tx, std::span<const WebhookHealthRow> rows,
                          std::vector<bool>& was_there);
/// Requires: each webhook once.
Result<void> put_all(Transaction& tx, std::span<const WebhookHealthRow> rows);

}  // namespace postrider::store::webhook_health_table
