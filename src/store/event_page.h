#pragma once

#include <cstddef>
#include <optional>

#include "base/result.h"
#include "store/list.h"
#include "store/rows.h"
#include "store/tables.h"

namespace postrider::store {

/// Events of a list, as far as they were read.
struct EventPage {
    List<EventRow> rows;
    bool is_cut = false;  ///< at the bytes: more may follow
};

namespace events_table {
/// As list(), but ends behind the row whose data brings it to `bytes_max`: a page of large events
/// is read in several steps.
Result<EventPage> page(sql::Connection& sql, const RealmId& realm, const EventFilter& filter,
                       std::optional<EventId> before, std::size_t limit, std::size_t bytes_max);
}  // namespace events_table

}  // namespace postrider::store
