#pragma once

#include <functional>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "delivery/recorder.h"
#include "delivery/scheduler.h"
#include "events/delivery_sink.h"
#include "store/tables.h"
#include "webhooks/target.h"

namespace postrider::delivery {

struct TargetChanged {
    webhooks::SharedTarget target;
    store::CommitNumber commit = 0;
    /// It has the version that the webhook had: only settings of its realm are others.
    bool is_rebuilt = false;
};
struct TargetRemoved {
    WebhookId webhook;
};
struct Woken {
    RealmId realm;
    WebhookId webhook;
    store::CommitNumber commit = 0;
    std::optional<DeliveryId> wanted = {};
};
struct TestOffered {
    events::Offer offer;
    std::function<void(Result<void>)> done;
};
struct Refilled {
    Scheduler::Refill refill;
    Result<store::deliveries_table::Due> due;
    store::CommitNumber commit = 0;
    std::optional<store::BreakerRow> breaker = {};  ///< when the refill asks for it
};

/// Of a cluster; see Engine.
struct Owned {
    std::vector<store::OwnedLane> lanes;
};
struct Released {
    std::vector<store::OwnedLane> lanes;
};
struct Leased {
    Monotonic until;
};
struct Hinted {
    std::vector<WebhookId> webhooks;
    store::CommitNumber commit = 0;
    Timestamp due_since;
};
struct Afterwards {
    std::function<void()> task;
};

using Message = std::variant<events::Offer, TargetChanged, TargetRemoved, Woken, TestOffered,
                             Refilled, RecordedBatch, Owned, Released, Leased, Hinted, Afterwards>;

/// What other threads tell the engine, in their order. Offers are bounded: one that finds no room
/// is dropped and its lane reported as refused, to be refilled from the store. The rest is bounded
/// by what it answers (commits, reads and records under way). Thread-safety: any thread.
class Inbox {
 public:
    /// `wake` runs once, on the caller's thread, when the inbox was empty.
    explicit Inbox(std::function<void()> wake) : wake_(std::move(wake)) {}

    void put(Message message);
    void offer(events::Offer offer);

    struct Content {
        std::vector<Message> messages;
        std::vector<Woken> refused;
    };
    Content take();

 private:
    std::function<void()> wake_;
    Mutex mutex_;
    std::vector<Message> messages_ GUARDED_BY(mutex_);
    std::unordered_map<WebhookId, Woken> refused_ GUARDED_BY(mutex_);
    std::size_t offers_ GUARDED_BY(mutex_) = 0;
    std::size_t offered_bytes_ GUARDED_BY(mutex_) =
        0;  ///< of bodies; a shared one counts each time
    bool waking_ GUARDED_BY(mutex_) = false;
};

}  // namespace postrider::delivery
