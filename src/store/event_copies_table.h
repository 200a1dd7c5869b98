#pragma once

#include <span>

#include "store/list.h"
#include "store/store.h"

/// Which events of `master` are copies of another realm's, for webhooks that take those of all
/// realms: they are kept no longer than the shorter retention of both says.
namespace postrider::store {

struct EventCopy {
    RealmId realm;  ///< `master`
    EventId event;
    RealmId source;  ///< where it happened
};

namespace event_copies_table {
Result<void> insert_all(Transaction& tx, std::span<const EventCopy> rows);
/// Returns true if an event of `realm` is a copy.
Result<bool> is_copy(sql::Connection& sql, const RealmId& realm, const EventId& event);
/// The first copies of a realm's events before `until`.
Result<List<EventCopy>> of_source(sql::Connection& sql, const RealmId& source, const EventId& until,
                                  std::size_t limit);
Result<void> remove(Transaction& tx, const EventCopy& row);
/// Forgets copies before `until`, which have gone with the log of `realm`. Returns how many rows.
Result<std::int64_t> forget(Transaction& tx, const RealmId& realm, const EventId& until,
                            std::size_t limit);
}  // namespace event_copies_table

}  // namespace postrider::store
