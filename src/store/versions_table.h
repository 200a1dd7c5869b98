#pragma once

#include "store/list.h"
#include "store/rows.h"
#include "store/sql/connection.h"

/// A read of the table that tables.h has the rest of.
namespace postrider::store::webhook_versions_table {

/// The changes of a realm's webhooks after `since`, in their order; `limit` at most.
Result<List<WebhookVersionRow>> after(sql::Connection& sql, const RealmId& realm, const Uuid& since,
                                      std::size_t limit);

/// The webhook's version that begins at `since` takes the events of all realms.
Result<void> set_all_realms(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                            const Uuid& since);
/// Returns true if the version that held when the event was accepted takes them.
Result<bool> takes_all_realms(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                              const Uuid& event);

}  // namespace postrider::store::webhook_versions_table
