#pragma once

#include <cstddef>
#include <unordered_map>

#include "base/time.h"
#include "store/order_table.h"

namespace postrider::store {

/// How many resources the webhooks hold, as far as whoever records outcomes must know. To count ten
/// thousand takes tens of milliseconds of the writer. So they are counted once and added to, and
/// counted again only when there seems to be no room: of one webhook in limits::held_count_interval
/// at most. So many that are released are noticed late, and a webhook that could not be counted yet
/// may hold a few more. Thread-safety: one thread at a time.
class HoldRooms {
 public:
    /// Whether it may hold one more, which counts from now on.
    Result<bool> take(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                      Monotonic now);

 private:
    struct Known {
        std::size_t count = 0;
        Monotonic counted_at{};  ///< none: never
    };
    std::unordered_map<WebhookId, Known> known_;
    Monotonic count_not_before_{};
};

namespace order_table {

/// As end() of order_table.h, of what many transactions end.
Result<Lanes> end(Transaction& tx, std::span<const Ended> ended, HoldRooms& rooms, Monotonic now,
                  Lanes& overflowing);

}  // namespace order_table

}  // namespace postrider::store
