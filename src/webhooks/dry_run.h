#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "store/store.h"
#include "webhooks/controls.h"

namespace postrider::webhooks {

/// What is to be tried before a webhook has it.
struct DryRun {
    std::vector<std::string> events;      ///< patterns
    Controls controls;                    ///< its filter and format count
    std::optional<NewEvent> sample;       ///< an event that need not be there
    std::size_t last = 0;                 ///< else so many of the realm's newest events
    std::optional<Timestamp> since = {};  ///< of those, what is not past its retention
    std::string source = {};              ///< of CloudEvents (Rendering)
    std::string realm_name = {};
    Timestamp now;  ///< when `sample` would be accepted
};

/// Which events a webhook would get, newest first, which of its members ("#/events",
/// "#/filter/data/total/$gte") refuses each of the others, and the body of the newest that it would
/// get: `{"looked_at", "matching", "items": […], "body"}`. Headers are shown as the mask. It looks
/// at fewer than `last` when that takes half of the time that the snapshot has. Nothing is written
/// or sent.
/// Requires: last <= limits::dry_run_events_max. Errors: invalid_argument (a pattern that matches
/// no type of the realm), the store's.
Result<std::string> dry_run(store::sql::Connection& sql, const RealmId& realm, const DryRun& run);

}  // namespace postrider::webhooks
