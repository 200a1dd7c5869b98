#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/list.h"
#include "store/rows.h"
#include "store/store.h"

/// The log in the order of commits, and who reads it how far (docs/decisions/0026).
namespace postrider::store {

/// What the log's order follows from.
enum class FeedOrder {
    by_id,           ///< one writer mints the ids in the order of commits
    by_transaction,  ///< several write side by side: by transaction, then by id
};
inline FeedOrder feed_order(Store& store) {
    return store.cluster() == nullptr ? FeedOrder::by_id : FeedOrder::by_transaction;
}

/// A place in a realm's log: behind an event. Ascends in the order of commits.
struct FeedPlace {
    std::int64_t tx = 0;  ///< 0 with FeedOrder::by_id
    Uuid id;              ///< nil: before everything
    auto operator<=>(const FeedPlace&) const = default;
    bool is_beginning() const { return *this == FeedPlace{}; }
};

namespace feed_table {

struct Row {
    FeedPlace place;
    EventRow event;
};
struct Read {
    std::vector<Row> rows;
    std::size_t unreadable = 0;
    FeedPlace end;              ///< behind everything that was looked through
    bool has_more = false;      ///< beyond `end`, probably
    bool is_unsettled = false;  ///< there is more, of which predecessors may still commit
    bool is_ahead = false;      ///< `after` is behind the log's end: nothing was read
};
struct Asked {
    RealmId realm;
    FeedPlace after;
    Timestamp kept_since;
    std::size_t limit = 0;  ///< of rows that are looked through
    std::size_t bytes_max = 0;
};
/// Events behind `after` that `wants` takes by their type, without tests: those of which every
/// predecessor is visible too. None is missed by who goes on from `end`.
Result<Read> read(sql::Connection& sql, FeedOrder order, const Asked& asked,
                  const std::function<bool(std::string_view)>& wants);

/// Behind everything that is visible.
Result<FeedPlace> newest(sql::Connection& sql, FeedOrder order, const RealmId& realm);

/// The same place in this order, if it is from a store of the other one: nothing behind it is left
/// out, some before it may be repeated.
Result<FeedPlace> in_order(sql::Connection& sql, FeedOrder order, const RealmId& realm,
                           const FeedPlace& place, Timestamp seen_at);

/// What lies behind a place, of whatever type.
struct Behind {
    std::int64_t count = 0;  ///< up to limits::consumer_behind_max
    std::optional<Timestamp> since;
};
Result<Behind> behind(sql::Connection& sql, FeedOrder order, const RealmId& realm,
                      const FeedPlace& place, Timestamp kept_since);

}  // namespace feed_table

/// Somebody who reads the log, by name.
struct ConsumerRow {
    RealmId realm;
    std::string name;
    std::string events;  ///< JSON array of patterns
    FeedPlace place;
    Timestamp seen_at;  ///< when nothing before `place` was unread
    Timestamp created_at;
    Timestamp updated_at;  ///< by PUT or by a commit
};

namespace consumers_table {
Result<std::optional<ConsumerRow>> find(sql::Connection& sql, const RealmId& realm,
                                        std::string_view name);
/// In the order of their names, from behind `after`.
Result<List<ConsumerRow>> list(sql::Connection& sql, const RealmId& realm, std::string_view after,
                               std::size_t limit);
Result<std::int64_t> count(sql::Connection& sql, const RealmId& realm);
/// Makes it, or replaces its events and its place.
Result<void> put(Transaction& tx, const ConsumerRow& row);
Result<void> move(Transaction& tx, const ConsumerRow& row);
Result<bool> remove(Transaction& tx, const RealmId& realm, std::string_view name);
/// In a copy of a store, whose events have other transactions: their places as a store of one
/// writer has them.
Result<void> lose_transactions(sql::Connection& sql);
}  // namespace consumers_table

}  // namespace postrider::store
