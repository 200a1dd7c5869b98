#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "directory/settings.h"
#include "store/store.h"

/// What is older than a realm's `retention_days` goes, by accepted_at: events none of whose
/// deliveries is pending with all that belongs to them, ended operations, the audit log.
namespace postrider::directory {

/// For how long a realm keeps what happened.
struct Retention {
    RealmId realm;
    Duration kept{0};
};
Result<std::vector<Retention>> retentions(store::sql::Connection& sql,
                                          const SettingsDefaults& defaults);
Duration longest(const std::vector<Retention>& retentions);

/// A realm that has something to lose, and how far its events have been looked at.
struct Overdue {
    RealmId realm;
    Uuid until;         ///< what has an id below it is too old
    Uuid events_until;  ///< the same for events; see find_overdue()
    Uuid after;         ///< events up to it are gone, or pending
};

/// The realms with something too old at `now`. Reads little of each. Where the store drops the log
/// `dropped_at_once` at a time, events that will go so are left to it for twice as long: then they
/// are deleted after all, such as those that were pending when it dropped the others.
Result<std::vector<Overdue>> find_overdue(store::sql::Connection& sql, Timestamp now,
                                          const std::vector<Retention>& retentions,
                                          Duration dropped_at_once);
/// Removes about `limit` rows of one realm; what is left to do, or nothing when it is done.
Result<std::optional<Overdue>> expire(store::Transaction& tx, Overdue overdue, std::size_t limit);

}  // namespace postrider::directory
