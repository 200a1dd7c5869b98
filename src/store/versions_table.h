#pragma once

#include "store/list.h"
#include "store/rows.h"
#include "store/sql/connection.h"

/// A read of the table that tables.h has the rest of.
namespace postrider::store::webhook_versions_table {

/// The changes of a realm's webhooks after `since`, in their order; `limit` at most.
Result<List<WebhookVersionRow>> after(sql::Connection& sql, const RealmId& realm, const Uuid& since,
                                      std::size_t limit);

}  // namespace postrider::store::webhook_versions_table
