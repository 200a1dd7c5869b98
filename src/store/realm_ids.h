#pragma once

#include <vector>

#include "model/ids.h"
#include "store/sql/connection.h"

namespace postrider::store {

/// The realms in the first column of a query. What is no id is left out and logged, so that it
/// holds up no other realm.
Result<std::vector<RealmId>> read_realm_ids(sql::Rows rows);

}  // namespace postrider::store
