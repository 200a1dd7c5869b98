#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"
#include "model/ids.h"
#include "store/store.h"

namespace postrider::delivery {

/// A webhook began to fail (its first failed attempt since one that succeeded), or recovered; or it
/// holds limits::held_resources_max resources, and one more was skipped; or a delivery has failed
/// for good.
struct Turning {
    enum class Kind { fails, recovers, holds_too_many, gives_up };
    Kind kind = Kind::fails;
    RealmId realm;
    WebhookId webhook;
    Timestamp since;            ///< when it began to fail
    std::int64_t failures = 0;  ///< in a row, when it recovers
    std::string reason;         ///< of the first failure, or of the last: "answered 503"
    /// What was given up.
    DeliveryId delivery = {};
    EventId event = {};
    std::int64_t attempts = 0;
    std::string trace = {};  ///< the event's (model/trace.h)
};

/// Writes the log line of each turning: one of a kind for a webhook in
/// limits::turning_lines_window, and limits::turning_lines_max in all; what is left out is counted
/// in a line of its own. Thread-safety: the engine's thread.
class TurningNotes {
 public:
    explicit TurningNotes(store::Store& store) : store_(store) {}
    /// The names are read from the store, so the line comes a little later.
    void tell(const Turning& turning, Monotonic now);

 private:
    bool has_room(const Turning& turning, Monotonic now);

    store::Store& store_;
    Monotonic window_ends_{};
    std::set<std::pair<WebhookId, Turning::Kind>> told_;
    std::size_t left_out_ = 0;
};

}  // namespace postrider::delivery
