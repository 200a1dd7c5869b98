#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "store/rows.h"
#include "store/sql/connection.h"

namespace postrider::store::webhooks_table {

/// The realms that have a webhook, or a tombstone of one.
Result<std::vector<RealmId>> realms(sql::Connection& sql);
/// Visits the webhooks of every realm, tombstones too, one by one and in no order: there may be
/// more of them than should be in memory at a time. Those that cannot be read are logged and left
/// out. Requires: `visit` does not use `sql`.
Result<void> visit_all(sql::Connection& sql, const std::function<void(const WebhookRow&)>& visit);

}  // namespace postrider::store::webhooks_table
