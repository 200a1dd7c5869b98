#include "delivery/scheduler.h"

#include <algorithm>
#include <iterator>
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
        follow(*slot);  // every lane begins behind
    }
    return *slot;
}

void Scheduler::add_lane(const RealmId& realm, const WebhookId& webhook) { ensure(realm, webhook); }

void Scheduler::set_policy(const WebhookId& webhook, const admission::Policy& policy,
                           bool is_taken_over, Timestamp now) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    lane->admission.set_policy(policy, is_taken_over, now);
    queue_if_ready(*lane, now);
}

void Scheduler::set_token(const WebhookId& webhook, const admission::Token& token, Timestamp now) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    lane->admission.set_token(token);
    queue_if_ready(*lane, now);
}

void Scheduler::close_breaker(const WebhookId& webhook, Timestamp now) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    lane->has_recalled = true;
    lane->breaker_forgotten = true;
    lane->admission.breaker().close();
    queue_if_ready(*lane, now);
}

void Scheduler::hurry(const WebhookId& webhook, const DeliveryId& wanted, Timestamp now) {
    auto* lane = find(webhook);
    if (lane == nullptr || !lane->admission.breaker().open()) return;
    lane->wanted = wanted;
    lane->admission.breaker().hurry(now);
    // To the front, where make_room() leaves it.
    const auto waits = std::ranges::find_if(
        lane->waiting, [&](const auto& waiting) { return waiting.second.row.id == wanted; });
    const auto is_ready =
        std::ranges::find_if(lane->ready, [&](const Held& held) { return held.row.id == wanted; });
    if (waits != lane->waiting.end()) {
        lane->ready.push_front(std::move(waits->second));
        lane->waiting.erase(waits);
    } else if (is_ready != lane->ready.end()) {
        std::rotate(lane->ready.begin(), is_ready, std::next(is_ready));
    }
    // One that only the store has comes by the read that follows, if there is room; refilled() asks
    // again.
    if (lane->known.contains(wanted) || !reads_for_room(*lane)) queue_if_ready(*lane, now);
}

void Scheduler::remove_lane(const WebhookId& webhook) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    drop_held(*lane);
    if (lane->wake_at) wakes_.erase({*lane->wake_at, webhook});
    if (lane->backlog.is_reading()) --refills_in_flight_;
    if (lane->counted_behind) --lanes_behind_;
    in_flight_ -= lane->admission.in_flight();
    lanes_.erase(webhook);
}

/// Memory has it no more; the caller takes it out of the lane's queue.
void Scheduler::let_go(Lane& lane, const Held& held) {
    lane.forget(held.row.id);
    --held_;
    held_bytes_ -= held.event->size();
}

void Scheduler::drop_held(Lane& lane) {
    for (const auto& held : lane.ready) let_go(lane, held);
    for (const auto& [due_at, held] : lane.waiting) let_go(lane, held);
    lane.ready.clear();
    lane.waiting.clear();
}

void Scheduler::reset_lane(const WebhookId& webhook, store::CommitNumber commit) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    drop_held(*lane);
    lane->backlog.reset(commit);
    follow(*lane);
}

void Scheduler::mark_behind(const RealmId& realm, const WebhookId& webhook,
                            store::CommitNumber commit, Timestamp due_since) {
    Lane& lane = ensure(realm, webhook);
    lane.backlog.tell(due_since);
    lane.backlog.distrust(commit);
    lane.backlog.fall_behind(commit);
    make_room(lane);
    follow(lane);
}

/// What waits for its time goes back to the store, the latest first, until half a window is free:
/// what is due now is not to wait for it.
void Scheduler::make_room(Lane& lane) {
    while (!lane.waiting.empty() && lane.held() > lane.window() / 2) {
        const auto last = std::prev(lane.waiting.end());
        lane.backlog.leave(last->first, 0);
        drop_waiting(lane, last);
    }
    // With an open breaker what is due waits for long, too.
    while (lane.admission.breaker().open() && !lane.ready.empty() && !reads_for_room(lane)) {
        const Held& last = lane.ready.back();
        lane.backlog.leave(last.row.due_at, 0);
        let_go(lane, last);
        lane.ready.pop_back();
    }
}

void Scheduler::drop_waiting(Lane& lane, std::multimap<Timestamp, Held>::iterator at) {
    let_go(lane, at->second);
    lane.waiting.erase(at);
}

/// Whether it waits in memory for a later time than the store has: somebody wants it attempted
/// now. Then memory forgets it.
bool Scheduler::is_sooner(Lane& lane, const store::DeliveryRow& row) {
    const auto later = std::ranges::find_if(
        lane.waiting.upper_bound(row.due_at), lane.waiting.end(),
        [&row](const auto& waiting) { return waiting.second.row.id == row.id; });
    if (later == lane.waiting.end()) return false;
    drop_waiting(lane, later);
    return true;
}

/// Does what a backlog that changed asks for.
void Scheduler::follow(Lane& lane) {
    if (lane.backlog.is_behind() != lane.counted_behind) {
        lane.counted_behind = !lane.counted_behind;
        if (lane.counted_behind) {
            ++lanes_behind_;
        } else {
            --lanes_behind_;
        }
    }
    want_refill(lane);
    set_wake(lane);
}

/// A lane with no more than a small share is served even when memory as a whole is used up: a few
/// great backlogs must not shut out the rest.
bool Scheduler::has_room(const Lane& lane, std::size_t bytes) const {
    if (lane.held() >= lane.window()) return false;
    if (lane.held() < limits::lane_in_flight_first) return true;
    return held_ < limits::held_deliveries_max && held_bytes_ + bytes <= limits::held_bytes_max;
}

void Scheduler::hold(Lane& lane, Held held, Timestamp now) {
    lane.know(held.row.id, {.bytes = held.event->size()});
    ++held_;
    held_bytes_ += held.event->size();
    if (held.row.due_at <= now) {
        lane.ready.push_back(std::move(held));
        queue_if_ready(lane, now);
    } else {
        lane.waiting.emplace(held.row.due_at, std::move(held));
        set_wake(lane);
    }
}

void Scheduler::tell(Lane& lane, store::CommitNumber commit, Timestamp due_at) {
    lane.backlog.tell(due_at);
    lane.backlog.fall_behind(commit);
    follow(lane);
}

void Scheduler::tell(const WebhookId& webhook, store::CommitNumber commit, Timestamp due_at) {
    if (auto* lane = find(webhook)) tell(*lane, commit, due_at);
}

void Scheduler::offer(events::Offer offer, Timestamp now) {
    auto& lane = ensure(offer.row.realm, offer.row.webhook);
    if (lane.known.contains(offer.row.id)) return;
    if (offer.row.ordered || lane.backlog.is_behind() || !has_room(lane, offer.event->size())) {
        return tell(lane, offer.commit, offer.row.due_at);
    }
    hold(lane, {std::move(offer.row), std::move(offer.event)}, now);
}

void Scheduler::adopt(const RealmId& realm, const WebhookId& webhook, const DeliveryId& delivery,
                      std::size_t bytes, Timestamp now) {
    Lane& lane = ensure(realm, webhook);
    lane.know(delivery, {.bytes = bytes, .is_started = true});
    lane.admission.count(now);
}

admission::Answer Scheduler::admit(const Lane& lane, Timestamp now) const {
    const std::size_t bytes = lane.ready.front().event->size() + lane.admission.rendered_bytes();
    return lane.admission.ask(now, {.is_crowded = in_flight_ > attempts_in_flight_max_ / 2,
                                    .has_bytes = flight_bytes_.has_room(lane.realm, bytes)});
}

/// Puts a lane with something due where its turn comes, or where what it waits for is looked at.
/// One with as many in flight as may be is asked again when one of them ends.
void Scheduler::queue_if_ready(Lane& lane, Timestamp now) {
    if (lane.queued_ready || lane.ready.empty()) return;
    const auto answer = admit(lane, now);
    const auto* later = std::get_if<admission::NotBefore>(&answer);
    lane.admitted_at = later != nullptr ? std::optional(later->at) : std::nullopt;
    set_wake(lane);
    const auto* blocked = std::get_if<admission::Blocked>(&answer);
    const Place place{lane.webhook, lane.life};
    if (std::holds_alternative<admission::Start>(answer)) {
        (lane.admission.is_proven() ? proven_round_ : unproven_round_).push_back(place);
    } else if (blocked != nullptr && blocked->why == admission::Blocked::Why::bytes) {
        waiting_for_bytes_.push_back(place);
    } else {
        return;
    }
    lane.queued_ready = true;
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

/// Half a window: one read fetches many, and a busy lane is not read for every single place.
bool Scheduler::reads_for_room(const Lane& lane) { return lane.held() <= lane.window() / 2; }

void Scheduler::want_refill(Lane& lane) {
    if (!lane.backlog.wants_read() || lane.queued_refill) return;
    if (!reads_for_room(lane)) return;
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
        const Timestamp due_since = lane->backlog.begin_read(now);
        ++refills_in_flight_;
        // What is known comes first in the read and is skipped, so it is read on top.
        std::size_t room = std::min(lane->window() - lane->held(), limits::refill_deliveries_max);
        wanted.push_back({lane->realm, lane->webhook, lane->life, due_since,
                          lane->known.size() + room + 1,
                          lane->known_bytes + limits::refill_bytes_max,
                          !lane->has_recalled || lane->admission.breaker().open()});
    }
    return wanted;
}

void Scheduler::refill_failed(const Refill& refill, Timestamp now) {
    auto* lane = find(refill.webhook, refill.life);
    if (lane == nullptr) return;
    --refills_in_flight_;
    lane->backlog.refuse_read(now);
    follow(*lane);
}

void Scheduler::refilled(const Refill& refill, store::deliveries_table::Due due,
                         store::CommitNumber commit, Timestamp now,
                         const std::optional<admission::Breaker::Open>& breaker) {
    auto* lane = find(refill.webhook, refill.life);
    if (lane == nullptr) return;
    --refills_in_flight_;
    if (!std::exchange(lane->has_recalled, true)) {
        lane->admission.breaker().recall(breaker, now);
    } else if (breaker && lane->breaker_unrecorded == 0 && commit >= lane->breaker_commit) {
        // An older snapshot has the probe that is over.
        lane->admission.breaker().hurry(breaker->next_probe_at);
    }
    const bool has_blocked = !due.blocked.empty();
    auto answer = take(*lane, std::move(due), commit, now);
    // Those that were parked came before what it has not seen yet.
    if (has_blocked) answer.first_due_at = refill.due_since;
    lane->backlog.end_read(answer, now);
    queue_if_ready(*lane, now);
    follow(*lane);
}

/// Holds what a read brought, as far as there is room.
Backlog::Answer Scheduler::take(Lane& lane, store::deliveries_table::Due due,
                                store::CommitNumber commit, Timestamp now) {
    Backlog::Answer answer;
    answer.commit = commit;
    answer.took_all = due.complete;
    if (!due.deliveries.empty()) answer.first_due_at = due.deliveries.front().row.due_at;
    // Others of their resources may have been let go meanwhile.
    answer.took_any = !due.blocked.empty();
    if (lane.backlog.state() == Backlog::State::in_vain) return answer;
    for (auto& found : due.deliveries) {
        if (lane.backlog.is_settled(found.row.id)) continue;
        if (lane.known.contains(found.row.id) &&
            !(found.row.due_at <= now && is_sooner(lane, found.row))) {
            continue;
        }
        // No schedule waits for so long: a clock was wrong when this was planned.
        if (found.row.due_at > now + limits::due_ahead_max) found.row.due_at = now;
        if (found.row.due_at > now + limits::held_ahead) {
            // Those after it are due later still.
            answer.later_at = found.row.due_at;
            answer.took_all = true;
            break;
        }
        if (!has_room(lane, found.event->size())) {
            answer.took_all = false;
            break;
        }
        answer.took_any = true;
        hold(lane, {std::move(found.row), std::move(found.event)}, now);
    }
    return answer;
}

Held Scheduler::start(Lane& lane, Timestamp now) {
    const bool is_probe = lane.admission.breaker().open().has_value();
    const auto next = is_probe ? next_probe(lane) : lane.ready.begin();
    Held held = std::move(*next);
    lane.ready.erase(next);
    held.life = lane.life;
    held.is_probe = is_probe;
    if (is_probe) {
        lane.wanted.reset();
        lane.last_probed = held.event->resource_id();
    }
    if (const auto known = lane.known.find(held.row.id); known != lane.known.end()) {
        known->second.is_started = true;
    }
    --held_;
    held_bytes_ -= held.event->size();
    held.flight_bytes = held.event->size() + lane.admission.rendered_bytes();
    flight_bytes_.take(lane.realm, held.flight_bytes);
    lane.admission.started(now);
    ++in_flight_;
    return held;
}

/// Resources have turns, so that one whose events the receiver cannot take does not keep the
/// breaker open for the others.
std::deque<Held>::iterator Scheduler::next_probe(Lane& lane) {
    const auto wanted = std::ranges::find_if(
        lane.ready, [&](const Held& held) { return held.row.id == lane.wanted; });
    if (wanted != lane.ready.end()) return wanted;
    const auto other = std::ranges::find_if(lane.ready, [&](const Held& held) {
        return held.event->resource_id() != lane.last_probed;
    });
    return other != lane.ready.end() ? other : lane.ready.begin();
}

std::vector<Held> Scheduler::plan(Timestamp now, std::size_t count_max) {
    take_due(now);
    for (const Place& place : std::exchange(waiting_for_bytes_, {})) {
        auto* lane = find(place.webhook, place.life);
        if (lane == nullptr) continue;
        lane->queued_ready = false;
        queue_if_ready(*lane, now);
    }
    std::vector<Held> planned;
    while (planned.size() < count_max && in_flight_ < attempts_in_flight_max_) {
        auto* lane = next_in_turn();
        if (lane == nullptr) break;
        lane->queued_ready = false;
        if (!lane->ready.empty() && std::holds_alternative<admission::Start>(admit(*lane, now))) {
            planned.push_back(start(*lane, now));
            want_refill(*lane);
        }
        queue_if_ready(*lane, now);
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
        if (lane->admitted_at && *lane->admitted_at <= now) lane->admitted_at.reset();
        lane->backlog.take_due(now);
        queue_if_ready(*lane, now);
        follow(*lane);
    }
}

void Scheduler::rendered(Held& planned, std::size_t bytes) {
    const std::size_t all = std::min(planned.flight_bytes, planned.event->size() + bytes);
    flight_bytes_.give(planned.row.realm, planned.flight_bytes - all);
    planned.flight_bytes = all;
}

void Scheduler::landed(const Held& planned) {
    flight_bytes_.give(planned.row.realm, planned.flight_bytes);
}

admission::Breaker::Change Scheduler::finished(const Held& planned, const Ended& ended,
                                               Timestamp now) {
    auto* lane = find(planned.row.webhook, planned.life);
    if (lane == nullptr) return {};
    const auto before = lane->admission.breaker().open();
    lane->admission.ended({.signal = ended.signal,
                           .was_probe = planned.is_probe,
                           .at = now,
                           .wall = ended.wall,
                           .retry_after = ended.retry_after});
    --in_flight_;
    // Somebody wanted another one while this was under way.
    if (lane->wanted) lane->admission.breaker().hurry(now);
    queue_if_ready(*lane, now);
    want_refill(*lane);
    const auto& open = lane->admission.breaker().open();
    const bool has_changed = std::exchange(lane->breaker_forgotten, false) || open != before;
    lane->breaker_unrecorded += has_changed ? 1 : 0;
    return {.open = open, .has_changed = has_changed};
}

void Scheduler::breaker_recorded(const Held& planned, store::CommitNumber commit) {
    auto* lane = find(planned.row.webhook, planned.life);
    if (lane == nullptr) return;
    --lane->breaker_unrecorded;
    lane->breaker_commit = std::max(lane->breaker_commit, commit);
}

void Scheduler::recorded(const WebhookId& webhook, const DeliveryId& delivery,
                         std::optional<Held> next, store::CommitNumber commit, Timestamp now) {
    auto* lane = find(webhook);
    if (lane == nullptr) return;
    lane->forget(delivery);
    lane->backlog.settled(delivery);
    if (!next) return;
    const Timestamp due_at = next->row.due_at;
    lane->backlog.tell(due_at);
    if (lane->backlog.may_be_cancelled(commit)) {
        lane->backlog.fall_behind(lane->backlog.reset_at());
    } else if (!lane->backlog.is_behind() && due_at <= now + limits::held_ahead &&
               has_room(*lane, next->event->size())) {
        return hold(*lane, std::move(*next), now);
    } else {
        lane->backlog.leave(due_at, commit);
    }
    follow(*lane);
}

std::optional<Wait> Scheduler::wait_of(const Asked& asked, Timestamp now) const {
    const Lane* lane = find_lane(asked.webhook);
    if (lane == nullptr) return Wait{};
    const auto known = lane->known.find(asked.delivery);
    if (known != lane->known.end() && known->second.is_started) return std::nullopt;
    if (const auto& open = lane->admission.breaker().open()) {
        return Wait{WaitsFor::breaker, open->next_probe_at};
    }
    const auto answer = lane->admission.ask(now, {});
    if (const auto* later = std::get_if<admission::NotBefore>(&answer)) {
        const bool is_rate = later->why == admission::NotBefore::Why::rate;
        return Wait{is_rate ? WaitsFor::rate_limit : WaitsFor::authentication, later->at};
    }
    if (const auto* blocked = std::get_if<admission::Blocked>(&answer)) {
        const bool is_token = blocked->why == admission::Blocked::Why::token;
        return Wait{is_token ? WaitsFor::authentication : WaitsFor::max_in_flight};
    }
    return Wait{};
}

void Scheduler::set_wake(Lane& lane) {
    std::optional<Timestamp> wake = lane.backlog.due_at();
    const auto also = [&](Timestamp at) { wake = std::min(wake.value_or(at), at); };
    if (!lane.waiting.empty()) also(lane.waiting.begin()->first);
    if (lane.admitted_at) also(*lane.admitted_at);
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
