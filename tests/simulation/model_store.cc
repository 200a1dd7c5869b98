#include "simulation/model_store.h"

namespace postrider::simulation {

using delivery::Verdict;
using store::DeliveryRow;

std::optional<DeliveryId> ModelStore::blocked_by(const Delivery& delivery) const {
    const auto queue = queues_.find(queue_of(delivery));
    if (queue == queues_.end() || queue->second.empty()) return std::nullopt;
    if (!queue->second.contains({delivery.place, delivery.row.id})) return std::nullopt;
    const auto& first = queue->second.begin()->second;
    return first == delivery.row.id ? std::nullopt : std::optional(first);
}

store::deliveries_table::Due ModelStore::due(const WebhookId& webhook, Timestamp since,
                                             std::size_t limit, std::size_t bytes_max) const {
    store::deliveries_table::Due due{.deliveries = {}, .complete = false};
    const auto found = due_.find(webhook);
    if (found == due_.end()) return {.deliveries = {}, .complete = true};
    std::size_t bytes = 0;
    for (auto at = found->second.lower_bound({since, DeliveryId{}}); at != found->second.end();
         ++at) {
        if (at->first >= limits::parked_due) break;
        if (due.deliveries.size() + due.blocked.size() >= limit || bytes >= bytes_max) return due;
        const Delivery& each = deliveries_.at(at->second);
        if (const auto first = blocked_by(each)) {
            due.blocked.push_back({each.row.id, *first});
        } else {
            bytes += each.event->size();
            due.deliveries.push_back({each.row, each.event});
        }
    }
    due.complete = true;
    return due;
}

std::optional<Timestamp> ModelStore::first_due(const WebhookId& webhook) const {
    const auto found = due_.find(webhook);
    if (found == due_.end() || found->second.empty()) return std::nullopt;
    const Timestamp first = found->second.begin()->first;
    return first < limits::parked_due ? std::optional(first) : std::nullopt;
}

/// Writes its row, and what is looked up by it.
void ModelStore::put(Delivery& delivery, DeliveryRow row) {
    auto& due = due_[row.webhook];
    if (delivery.row.state == DeliveryState::pending) {
        pending_ -= due.erase({delivery.row.due_at, delivery.row.id});
    }
    delivery.row = std::move(row);
    if (delivery.row.state != DeliveryState::pending) return;
    due.emplace(delivery.row.due_at, delivery.row.id);
    ++pending_;
}

store::CommitNumber ModelStore::publish(DeliveryRow row, SharedEvent event) {
    ++commit_;
    row.ordered = webhooks_.at(row.webhook).ordered;
    auto& delivery = deliveries_[row.id];
    delivery.event = std::move(event);
    delivery.place = commit_;
    delivery.row = row;
    due_[row.webhook].emplace(row.due_at, row.id);
    ++pending_;
    if (row.ordered) queues_[queue_of(delivery)].emplace(commit_, row.id);
    return commit_;
}

bool ModelStore::park(const std::vector<store::order_table::Blocked>& blocked) {
    ++commit_;
    bool is_all = true;
    for (const auto& each : blocked) {
        Delivery& delivery = deliveries_.at(each.delivery);
        if (delivery.row.state != DeliveryState::pending || blocked_by(delivery) != each.first) {
            is_all = false;
            continue;
        }
        DeliveryRow row = delivery.row;
        row.due_at = limits::parked_due;
        put(delivery, std::move(row));
    }
    return is_all;
}

/// Returns whether another one may go by it.
bool ModelStore::leave(const Delivery& delivery, Timestamp now) {
    const auto queue = queues_.find(queue_of(delivery));
    if (queue == queues_.end() || queue->second.erase({delivery.place, delivery.row.id}) == 0 ||
        queue->second.empty()) {
        return false;
    }
    Delivery& next = deliveries_.at(queue->second.begin()->second);
    if (next.row.state != DeliveryState::pending) return false;
    if (next.row.due_at == limits::parked_due) {
        DeliveryRow row = next.row;
        row.due_at = now;
        put(next, std::move(row));
    }
    return true;
}

ModelStore::Recorded ModelStore::record(const delivery::Outcome& outcome, Timestamp now) {
    ++commit_;
    const auto& row = outcome.held.row;
    Webhook& webhook = webhooks_.at(row.webhook);
    if (outcome.epoch != webhook.epoch) return {.verdict = Verdict::fenced};
    if (outcome.breaker.has_changed) webhook.breaker = outcome.breaker.open;
    Delivery& delivery = deliveries_.at(row.id);
    const auto& next = outcome.decision.next;
    const bool applies =
        delivery.row.state == DeliveryState::pending ||
        (delivery.row.state == DeliveryState::cancelled && next.state == DeliveryState::delivered);
    if (!applies) return {.verdict = Verdict::superseded};
    put(delivery, next);
    if (next.state == DeliveryState::pending) return {};
    if (next.state == DeliveryState::failed && webhook.holds &&
        blocked_by(delivery) == std::nullopt &&
        queues_[queue_of(delivery)].contains({delivery.place, row.id})) {
        delivery.is_held = true;
        return {};
    }
    return {.verdict = Verdict::applied, .lets_go = leave(delivery, now)};
}

store::CommitNumber ModelStore::cancel(const WebhookId& webhook) {
    ++commit_;
    webhooks_.at(webhook).enabled = false;
    for (auto& [id, delivery] : deliveries_) {
        if (delivery.row.webhook != webhook || delivery.row.state != DeliveryState::pending)
            continue;
        DeliveryRow row = delivery.row;
        row.state = DeliveryState::cancelled;
        put(delivery, std::move(row));
    }
    for (auto& [queue, members] : queues_) {
        if (queue.first != webhook) continue;
        for (const auto& [place, id] : members) deliveries_.at(id).is_held = false;
        members.clear();
    }
    return commit_;
}

store::CommitNumber ModelStore::enable(const WebhookId& webhook) {
    webhooks_.at(webhook).enabled = true;
    return ++commit_;
}

store::CommitNumber ModelStore::send_now(const DeliveryId& id, Timestamp now) {
    ++commit_;
    Delivery& delivery = deliveries_.at(id);
    DeliveryRow row = delivery.row;
    if (row.state == DeliveryState::pending) {
        // One whose turn it is not stays where it is.
        if (row.due_at == limits::parked_due) return commit_;
    } else {
        row.state = DeliveryState::pending;
        row.schedule_position = 0;
        row.by_hand = true;
        row.ordered = std::exchange(delivery.is_held, false);
    }
    row.due_at = now;
    put(delivery, std::move(row));
    return commit_;
}

bool ModelStore::release(const WebhookId& webhook, Timestamp now) {
    ++commit_;
    bool has_released = false;
    for (auto& [id, delivery] : deliveries_) {
        if (delivery.row.webhook != webhook || !std::exchange(delivery.is_held, false)) continue;
        has_released = true;
        leave(delivery, now);
    }
    return has_released;
}

void ModelStore::give(const WebhookId& webhook, std::size_t node) {
    ++commit_;
    Webhook& given = webhooks_.at(webhook);
    given.owner = node;
    ++given.epoch;
}

}  // namespace postrider::simulation
