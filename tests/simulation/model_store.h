#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "delivery/recorder.h"
#include "delivery/scheduler.h"
#include "model/order_limits.h"
#include "store/tables.h"

namespace postrider::simulation {

/// What the store has, as the engine sees it: deliveries, the queues of those that keep the order
/// of their resource (store/order_table.h), breakers, and which node has which lane. Each change is
/// a commit.
class ModelStore {
 public:
    struct Delivery {
        store::DeliveryRow row;
        SharedEvent event;
        store::CommitNumber place = 0;  ///< in its queue
        bool is_held = false;           ///< failed for good, and holds its resource
    };
    struct Webhook {
        bool enabled = true;
        bool ordered = false;
        bool holds = false;  ///< its resources, when a delivery fails for good
        std::optional<store::BreakerRow> breaker;
        std::size_t owner = 0;
        std::int64_t epoch = 1;
    };

    store::CommitNumber commit() const { return commit_; }
    Webhook& webhook(const WebhookId& id) { return webhooks_[id]; }
    const std::map<WebhookId, Webhook>& webhooks() const { return webhooks_; }
    const Delivery& delivery(const DeliveryId& id) const { return deliveries_.at(id); }
    const std::map<DeliveryId, Delivery>& deliveries() const { return deliveries_; }
    std::size_t pending() const { return pending_; }
    /// The first of its queue that it waits for; nullopt: it may go.
    std::optional<DeliveryId> blocked_by(const Delivery& delivery) const;

    /// As store::deliveries_table::due().
    store::deliveries_table::Due due(const WebhookId& webhook, Timestamp since, std::size_t limit,
                                     std::size_t bytes_max) const;

    /// When the first of a webhook's pending ones that are not parked is due.
    std::optional<Timestamp> first_due(const WebhookId& webhook) const;

    store::CommitNumber publish(store::DeliveryRow row, SharedEvent event);
    /// As store::order_table::park(). Returns whether it were all.
    bool park(const std::vector<store::order_table::Blocked>& blocked);
    struct Recorded {
        delivery::Verdict verdict = delivery::Verdict::applied;
        bool lets_go = false;  ///< its lane has something due by it
    };
    Recorded record(const delivery::Outcome& outcome, Timestamp now);
    /// As disabling does.
    store::CommitNumber cancel(const WebhookId& webhook);
    store::CommitNumber enable(const WebhookId& webhook);
    /// One that is final goes again; one that is pending is due now.
    store::CommitNumber send_now(const DeliveryId& id, Timestamp now);
    /// What is held of a webhook leaves its queues. Returns whether something was.
    bool release(const WebhookId& webhook, Timestamp now);
    void give(const WebhookId& webhook, std::size_t node);

 private:
    using Queue = std::pair<WebhookId, ResourceId>;
    static Queue queue_of(const Delivery& delivery) {
        return {delivery.row.webhook, delivery.event->resource_id()};
    }
    void put(Delivery& delivery, store::DeliveryRow row);
    bool leave(const Delivery& delivery, Timestamp now);

    store::CommitNumber commit_ = 0;
    std::map<WebhookId, Webhook> webhooks_;
    std::map<DeliveryId, Delivery> deliveries_;
    std::map<WebhookId, std::set<std::pair<Timestamp, DeliveryId>>> due_;
    std::map<Queue, std::set<std::pair<store::CommitNumber, DeliveryId>>> queues_;
    std::size_t pending_ = 0;
};

}  // namespace postrider::simulation
