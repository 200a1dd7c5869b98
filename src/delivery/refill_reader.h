#pragma once

#include <functional>

#include "delivery/inbox.h"
#include "store/store.h"

namespace postrider::delivery {

/// Reads from the store what a lane is refilled with, and writes what follows from that before it
/// answers: what cannot be read fails with the reason, and what waits for another delivery of its
/// resource is parked (store/order_table.h).
/// Thread-safety: any thread.
class RefillReader {
 public:
    /// `put` takes its answers, from any thread.
    RefillReader(store::Store& store, std::function<void(Message)> put)
        : store_(store), put_(std::move(put)) {}

    /// Answers with a Refilled.
    void read(const Scheduler::Refill& refill);

 private:
    void set_aside(const Scheduler::Refill& refill,
                   std::vector<store::deliveries_table::Due::Unreadable> unreadable);
    void park(Refilled answer);

    store::Store& store_;
    std::function<void(Message)> put_;
};

}  // namespace postrider::delivery
