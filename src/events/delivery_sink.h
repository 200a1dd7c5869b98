#pragma once

#include "model/event.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::events {

/// A committed pending delivery, on its way from the writer to the engine.
struct Offer {
    store::DeliveryRow row;
    SharedEvent event;
    store::CommitNumber commit = 0;
};

/// Where committed deliveries go; the engine implements it.
class DeliverySink {
 public:
    virtual ~DeliverySink() = default;
    /// Never waits: what finds no room is refilled from the store later.
    /// Thread-safety: the writer's thread.
    virtual void offer(Offer offer) = 0;
};

}  // namespace postrider::events
