#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "store/sql/connection.h"
#include "store/store.h"

namespace postrider::store {

/// The events of a resource on SQLite. An index of their ids would touch another page for every
/// event, since resources come in no order, and each commit writes the pages that it touched. So
/// ids are indexed some thousand at a time: sorted, and appended as one *slice*, whose pages lie
/// together. A slice has the ids of a span of time; the spans of a realm follow each other. Above
/// the last one, its *watermark*, a search reads the events themselves (decisions/0019).
///
/// It holds nothing that the events do not: entries without an event are passed over, and a lost
/// index is built again. On PostgreSQL there are no slices, and all of it lies above the watermark.
namespace resource_index {

struct Entry {
    ResourceId resource;
    EventId id;
    auto operator<=>(const Entry&) const = default;
};

struct Slice {
    std::int64_t number = 0;  ///< unique in the store, ascends with time
    EventId first, last;
};

/// The newest event of `realm` that a slice has; nil when there is none. Errors: corrupt, when it
/// cannot be read: then all events are above it to whoever searches, and no slice may be added.
Result<EventId> watermark(sql::Connection& sql, const RealmId& realm);
/// The `limit` oldest events above it.
Result<std::vector<Entry>> unindexed(sql::Connection& sql, const RealmId& realm,
                                     const EventId& above, std::size_t limit);
/// The greatest number of a slice in the store; 0: there is none.
Result<std::int64_t> last_number(sql::Connection& sql);
/// The realms that have slices.
Result<std::vector<RealmId>> realms(sql::Connection& sql);
/// The oldest slice of `realm`, if none of its events is kept any more.
Result<std::optional<Slice>> expired(sql::Connection& sql, const RealmId& realm);

/// Entries are seen once the slice is published. Those that are there already stay.
Result<void> add(Transaction& tx, std::int64_t number, std::span<const Entry> entries);
Result<void> publish(Transaction& tx, const RealmId& realm, const Slice& slice);
/// Removes `limit` entries of a slice at most; how many it removed.
Result<std::int64_t> clear(Transaction& tx, std::int64_t number, std::size_t limit);
/// Requires: it was cleared.
Result<void> drop(Transaction& tx, const RealmId& realm, std::int64_t number);

/// For a store whose events are in no slice, as when it comes from another version or another
/// driver: one for each realm, of all of them, and none of SQLite's own index. Nothing when that
/// index is gone and there are slices. Requires: nobody else uses the store.
Result<void> build_whole(sql::Connection& sql);

}  // namespace resource_index
}  // namespace postrider::store
