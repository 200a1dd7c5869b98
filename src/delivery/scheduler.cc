#include "delivery/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/limits.h"

namespace postrider::delivery {

Scheduler::Scheduler(std::size_t attempts_in_flight_max)
    : attempts_in_flight_max_(attempts_in_flight_max) {
    CHECK(attempts_in_flight_max > 0);
}

Lane* Scheduler::find(const WebhookId& webhook) {
    auto found = lanes_.find(webhook);
    return found == lanes_.end() ? nullptr : found->second.get();
}

Lane* Scheduler::find(const WebhookId& webhook, std::uint64_t life) {
    auto* lane = find(webhook);
    return lane == nullptr || lane->life != life ? nullptr : lane;
}

const Lane* Scheduler::find_lane(const WebhookId& webhook) const {
    auto found = lanes_.find(webhook);
    return found == lanes_.end() ? nullptr : found->second.get();
}

Lane& Scheduler::ensure(const RealmId& realm, const WebhookId& webhook) {
    auto& slot = lanes_[webhook];
    if (slot == nullptr) {
        slot = std::make_unique<Lane>();
        slot->realm = realm;
        slot->webhook = webhook;
        slot->life = ++lives_;
        slot->limit = limits::lane_in_flight_first;
        ++lanes_behind_;  // as every lane begins
        want_refill(*slot);
    }
    return *slot;
}

void Scheduler::add_lane(const RealmId& realm, const WebhookId& webhook) { ensure(realm, webhook); }

void Scheduler::remove_lane(const WebhookId& webhook) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    drop_held(*lane);
    if (lane->wake_at) wakes_.erase({*lane->wake_at, webhook});
    if (lane->refill_in_flight) --refills_in_flight_;
    if (lane->behind) --lanes_behind_;
    in_flight_ -= lane->in_flight;
    lanes_.erase(webhook);
}

void Scheduler::drop_held(Lane& lane) {
    auto forget = [&](const Held& held) {
        lane.forget(held.row.id);
        --held_;
        held_bytes_ -= held.body->size();
    };
    for (const auto& held : lane.ready) forget(held);
    for (const auto& [due_at, held] : lane.waiting) forget(held);
    lane.ready.clear();
    lane.waiting.clear();
}

void Scheduler::reset_lane(const WebhookId& webhook, store::CommitNumber commit) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    drop_held(*lane);
    lane->discard_refill = lane->refill_in_flight;
    lane->due_since.reset();
    lane->reset_at = std::max(lane->reset_at, commit);
    fall_behind(*lane, commit);
}

void Scheduler::mark_behind(const RealmId& realm, const WebhookId& webhook,
                            store::CommitNumber commit, Timestamp due_since) {
    Lane& lane = ensure(realm, webhook);
    lane.tell_due(due_since);
    fall_behind(lane, commit);
}

void Scheduler::fall_behind(Lane& lane, store::CommitNumber commit) {
    if (!std::exchange(lane.behind, true)) ++lanes_behind_;
    lane.behind_since = std::max(lane.behind_since, commit);
    want_refill(lane);
}

/// A lane with no more than a small share is served even when memory as a whole is used up: a few
/// great backlogs must not shut out the rest.
bool Scheduler::has_room(const Lane& lane, std::size_t bytes) const {
    if (lane.held() >= lane.window()) return false;
    if (lane.held() < limits::lane_in_flight_first) return true;
    return held_ < limits::held_deliveries_max && held_bytes_ + bytes <= limits::held_bytes_max;
}

void Scheduler::hold(Lane& lane, Held held, Timestamp now) {
    lane.know(held.row.id, held.body->size());
    ++held_;
    held_bytes_ += held.body->size();
    if (held.row.due_at <= now) {
        lane.ready.push_back(std::move(held));
        queue_if_ready(lane);
    } else {
        lane.waiting.emplace(held.row.due_at, std::move(held));
        set_wake(lane);
    }
}

void Scheduler::offer(events::Offer offer, Timestamp now) {
    auto& lane = ensure(offer.row.realm, offer.row.webhook);
    if (lane.known.contains(offer.row.id)) return;
    if (lane.behind || !has_room(lane, offer.body->size())) {
        lane.tell_due(offer.row.due_at);
        fall_behind(lane, offer.commit);
        return;
    }
    hold(lane, {std::move(offer.row), std::move(offer.body)}, now);
}

void Scheduler::adopt(const RealmId& realm, const WebhookId& webhook, const DeliveryId& delivery,
                      std::size_t bytes) {
    ensure(realm, webhook).know(delivery, bytes);
}

void Scheduler::queue_if_ready(Lane& lane) {
    if (lane.queued_ready || lane.ready.empty() || !may_start(lane)) return;
    lane.queued_ready = true;
    (lane.proven ? proven_round_ : unproven_round_).push_back({lane.webhook, lane.life});
}

Lane* Scheduler::next_in_turn() {
    while (!proven_round_.empty() || !unproven_round_.empty()) {
        proven_turn_ = unproven_round_.empty() || (!proven_turn_ && !proven_round_.empty());
        auto& round = proven_turn_ ? proven_round_ : unproven_round_;
        auto* lane = find(round.front().webhook, round.front().life);
        round.pop_front();
        if (lane != nullptr) return lane;
    }
    return nullptr;
}

void Scheduler::want_refill(Lane& lane) {
    if (!lane.behind || lane.queued_refill || lane.refill_in_flight) return;
    // Half a window: one read fetches many, and a busy lane is not read for every single place.
    if (lane.held() > lane.window() / 2) return;
    lane.queued_refill = true;
    refill_queue_.push_back({lane.webhook, lane.life});
}

std::vector<Scheduler::Refill> Scheduler::refills(Timestamp now) {
    std::vector<Refill> wanted;
    std::size_t looked_at = refill_queue_.size();
    while (looked_at-- > 0 && refills_in_flight_ < limits::refills_in_flight_max) {
        const Place place = refill_queue_.front();
        refill_queue_.pop_front();
        auto* lane = find(place.webhook, place.life);
        if (lane == nullptr) continue;
        if (!has_room(*lane, 0)) {
            refill_queue_.push_back(place);  // memory is used up for now: keep its turn
            continue;
        }
        lane->queued_refill = false;
        lane->refill_in_flight = true;
        lane->discard_refill = false;
        lane->settled.clear();
        lane->told_due_since.reset();
        lane->read_at = now;
        ++refills_in_flight_;
        // What is known comes first in the read and is skipped, so it is read on top.
        std::size_t room = std::min(lane->window() - lane->held(), limits::refill_deliveries_max);
        wanted.push_back({lane->realm, lane->webhook, lane->life,
                          lane->due_since.value_or(Timestamp{}), lane->known.size() + room + 1,
                          lane->known_bytes + limits::refill_bytes_max});
    }
    return wanted;
}

void Scheduler::refill_failed(const Refill& refill, Timestamp now) {
    auto* lane = find(refill.webhook, refill.life);
    if (lane == nullptr) return;
    lane->refill_in_flight = false;
    --refills_in_flight_;
    read_again_at(*lane, now + limits::refill_again_after);
}

void Scheduler::read_again_at(Lane& lane, Timestamp at) {
    if (!lane.stored_due_at || at < *lane.stored_due_at) lane.stored_due_at = at;
    set_wake(lane);
}

void Scheduler::refilled(const Refill& refill, store::deliveries_table::Due due,
                         store::CommitNumber commit, Timestamp now) {
    auto* lane = find(refill.webhook, refill.life);
    if (lane == nullptr) return;
    lane->refill_in_flight = false;
    --refills_in_flight_;
    if (lane->discard_refill) {
        want_refill(*lane);
        return;
    }
    if (commit >= lane->behind_since) {
        // In memory or not, the first of them is the first that is pending.
        const Timestamp due_since =
            due.deliveries.empty() ? lane->read_at : due.deliveries.front().row.due_at;
        lane->due_since = std::min(due_since, lane->told_due_since.value_or(due_since));
    }
    bool took_all = due.complete && commit >= lane->behind_since;
    bool took_any = false;
    std::optional<Timestamp> stored_due_at;
    for (auto& found : due.deliveries) {
        if (lane->known.contains(found.row.id) || lane->settled.contains(found.row.id)) continue;
        // No schedule waits for so long: a clock was wrong when this was planned.
        if (found.row.due_at > now + limits::due_ahead_max) found.row.due_at = now;
        if (found.row.due_at > now + limits::held_ahead) {
            // Those after it are due later still.
            stored_due_at = found.row.due_at;
            took_all = commit >= lane->behind_since;
            break;
        }
        if (!has_room(*lane, found.body.size())) {
            took_all = false;
            break;
        }
        took_any = true;
        hold(*lane,
             {std::move(found.row), std::make_shared<const std::string>(std::move(found.body))},
             now);
    }
    if (took_all) {
        if (std::exchange(lane->behind, false)) --lanes_behind_;
        // A recorded retry may have set an earlier one while this was read.
        if (stored_due_at && (!lane->stored_due_at || lane->settled.empty() ||
                              *stored_due_at < *lane->stored_due_at)) {
            lane->stored_due_at = stored_due_at;
        } else if (!stored_due_at && lane->settled.empty()) {
            lane->stored_due_at.reset();
        }
    }
    lane->settled.clear();
    if (commit < lane->behind_since && !took_any) {
        // A transaction that is still open hides what it was told of: it will not end at once.
        read_again_at(*lane, now + limits::refill_unseen_after);
        return;
    }
    want_refill(*lane);
    set_wake(*lane);
}

bool Scheduler::may_start(const Lane& lane) const {
    std::size_t limit = lane.limit;
    // A lane that has not shown a success gets one place while places are scarce.
    if (!lane.proven && in_flight_ > attempts_in_flight_max_ / 2) limit = 1;
    return lane.in_flight < limit;
}

std::vector<Held> Scheduler::plan(Timestamp now, std::size_t count_max) {
    take_due(now);
    for (const Place& place : std::exchange(waiting_for_bytes_, {})) {
        auto* lane = find(place.webhook, place.life);
        if (lane == nullptr) continue;
        lane->queued_ready = false;
        queue_if_ready(*lane);
    }
    std::vector<Held> planned;
    while (planned.size() < count_max && in_flight_ < attempts_in_flight_max_) {
        auto* lane = next_in_turn();
        if (lane == nullptr) break;
        lane->queued_ready = false;
        if (lane->ready.empty() || !may_start(*lane)) continue;
        const std::size_t bytes = lane->ready.front().body->size();
        if (!flight_bytes_.has_room(lane->realm, bytes)) {
            waiting_for_bytes_.push_back({lane->webhook, lane->life});
            lane->queued_ready = true;
            continue;
        }
        flight_bytes_.take(lane->realm, bytes);
        planned.push_back(std::move(lane->ready.front()));
        lane->ready.pop_front();
        planned.back().life = lane->life;
        --held_;
        held_bytes_ -= planned.back().body->size();
        ++lane->in_flight;
        ++in_flight_;
        queue_if_ready(*lane);
        want_refill(*lane);
    }
    return planned;
}

void Scheduler::take_due(Timestamp now) {
    while (!wakes_.empty() && wakes_.begin()->first <= now) {
        auto* lane = find(wakes_.begin()->second);
        wakes_.erase(wakes_.begin());
        CHECK(lane != nullptr);
        lane->wake_at.reset();
        while (!lane->waiting.empty() && lane->waiting.begin()->first <= now) {
            lane->ready.push_back(std::move(lane->waiting.begin()->second));
            lane->waiting.erase(lane->waiting.begin());
        }
        if (lane->stored_due_at && *lane->stored_due_at <= now) {
            lane->stored_due_at.reset();
            // A read that is under way may be older than what is due now.
            fall_behind(*lane, lane->stored_since);
        }
        queue_if_ready(*lane);
        set_wake(*lane);
    }
}

void Scheduler::landed(const RealmId& realm, std::size_t body_bytes) {
    flight_bytes_.give(realm, body_bytes);
}

void Scheduler::finished(const Held& planned, LaneSignal signal) {
    auto* lane = find(planned.row.webhook, planned.life);
    if (lane == nullptr) return;
    CHECK(lane->in_flight > 0);
    --lane->in_flight;
    --in_flight_;
    lane->signal(signal);
    queue_if_ready(*lane);
    want_refill(*lane);
}

void Scheduler::recorded(const WebhookId& webhook, const DeliveryId& delivery,
                         std::optional<Held> next, store::CommitNumber commit, Timestamp now) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    lane->forget(delivery);
    if (lane->refill_in_flight) lane->settled.insert(delivery);
    if (!next) return;
    lane->tell_due(next->row.due_at);
    if (commit <= lane->reset_at) {
        fall_behind(*lane, lane->reset_at);
        return;
    }
    Timestamp due_at = next->row.due_at;
    if (!lane->behind && due_at <= now + limits::held_ahead &&
        has_room(*lane, next->body->size())) {
        hold(*lane, std::move(*next), now);
        return;
    }
    if (!lane->stored_due_at || due_at < *lane->stored_due_at) lane->stored_due_at = due_at;
    lane->stored_since = std::max(lane->stored_since, commit);
    set_wake(*lane);
}

void Scheduler::set_wake(Lane& lane) {
    std::optional<Timestamp> wake = lane.stored_due_at;
    if (!lane.waiting.empty() && (!wake || lane.waiting.begin()->first < *wake)) {
        wake = lane.waiting.begin()->first;
    }
    if (wake == lane.wake_at) return;
    if (lane.wake_at) wakes_.erase({*lane.wake_at, lane.webhook});
    lane.wake_at = wake;
    if (wake) wakes_.insert({*wake, lane.webhook});
}

std::optional<Timestamp> Scheduler::next_wake() const {
    if (wakes_.empty()) return std::nullopt;
    return wakes_.begin()->first;
}

}  // namespace postrider::delivery
