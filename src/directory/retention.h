#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "directory/settings.h"
#include "store/store.h"

/// What is older than a realm's `retention_days` goes, by accepted_at: events none of whose
/// deliveries is pending with all that belongs to them, ended operations, the audit log.
namespace postrider::directory {

/// A realm that has something to lose, and how far its events have been looked at.
struct Overdue {
    RealmId realm;
    Uuid until;  ///< what has an id below it is too old
    Uuid after;  ///< events up to it are gone, or pending
};

/// The realms with something too old at `now`. Reads little of each.
Result<std::vector<Overdue>> find_overdue(store::sql::Connection& sql, Timestamp now,
                                          const SettingsDefaults& defaults);
/// Removes about `limit` rows of one realm; what is left to do, or nothing when it is done.
Result<std::optional<Overdue>> expire(store::Transaction& tx, Overdue overdue, std::size_t limit);

}  // namespace postrider::directory
