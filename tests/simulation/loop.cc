#include <fmt/format.h>

#include "delivery/decision.h"
#include "model/limits.h"
#include "simulation/world.h"

/// What delivery/engine.cc does with the scheduler, and the rules that are looked at meanwhile.
namespace postrider::simulation {

using delivery::Held;
using delivery::LaneSignal;
using delivery::Outcome;
using delivery::Scheduler;
using delivery::Verdict;

void World::start(Node& node) {
    node.is_up = true;
    ++node.life;
    node.scheduler = std::make_unique<Scheduler>(attempts_in_flight_max_);
    note(fmt::format("node {} starts", node.number));
    for (const auto& [webhook, stored] : store_.webhooks()) {
        if (stored.owner == node.number) add_lane(node, webhook, true);
    }
    on(node, now_, [this, &node] { tick(node); });
    if (nodes_.size() > 1)
        on(node, now_ + limits::lanes_sweep_interval, [this, &node] { sweep(node); });
}

/// What another node has committed is told without promise: what is overdue is looked for.
void World::sweep(Node& node) {
    for (const auto& [webhook, lane] : node.lanes) {
        const auto due = store_.first_due(webhook);
        if (!due || *due > now_ - limits::lanes_sweep_overdue) continue;
        tell(node, [&node, id = webhook, commit = store_.commit(), since = *due] {
            if (node.lanes.contains(id)) {
                node.scheduler->mark_behind(realm_of_all, id, commit, since);
            }
        });
    }
    on(node, now_ + limits::lanes_sweep_interval, [this, &node] { sweep(node); });
}

/// What it had in memory is gone; what it handed to the writer may not have been written.
void World::crash(Node& node) {
    ++counts_.crashes;
    note(fmt::format("node {} crashes", node.number));
    const std::size_t number = node.number;
    const std::uint64_t life = node.life;
    node = Node{};
    node.number = number;
    node.life = life;
    if (nodes_.size() > 1) {
        at(now_ + 5s, [this, &node] {
            if (!node.is_up) take_lanes_of(node);
        });
    }
    at(now_ + some(20s), [this, &node] {
        if (!node.is_up) start(node);
    });
}

/// A webhook's rate is that of all nodes together.
void World::adopt_policy(const WebhookId& webhook, Known& known) {
    Asked& asked = asked_[webhook];
    known.policy = asked.policy;
    if (asked.rate != asked.policy.rate_limit) asked.starts.clear();
    asked.rate = asked.policy.rate_limit;
}

void World::add_lane(Node& node, const WebhookId& webhook, bool is_taken_over) {
    const auto& stored = store_.webhook(webhook);
    Known& lane = node.lanes[webhook];
    lane = {.epoch = stored.epoch, .policy = {}, .is_enabled = stored.enabled};
    adopt_policy(webhook, lane);
    node.scheduler->add_lane(realm_of_all, webhook);
    node.scheduler->set_policy(webhook, lane.policy, is_taken_over, now_);
}

/// A change that its node is told of some time after it was committed.
void World::tell_changed(const WebhookId& webhook, std::function<void(Node&, Known&)> change) {
    Node& node = owner(webhook);
    if (!node.is_up) return;
    tell_of_commit(node, [&node, webhook, change = std::move(change)] {
        const auto lane = node.lanes.find(webhook);
        if (lane != node.lanes.end()) change(node, lane->second);
    });
}

/// In order: it goes when nothing of it is in flight.
void World::give_lane(const WebhookId& webhook, Node& to) {
    Node& from = owner(webhook);
    if (!from.is_up || from.is_frozen) return;
    tell(from, [this, &from, webhook, to = to.number] {
        if (from.lanes.erase(webhook) == 0) return;
        from.scheduler->remove_lane(webhook);
        from.giving_up[webhook] = to;
        give_up(from, webhook);
    });
}

void World::give_up(Node& node, const WebhookId& webhook) {
    const auto going = node.giving_up.find(webhook);
    if (going == node.giving_up.end()) return;
    for (const auto& [flight, of] : node.in_flight) {
        if (of == webhook) return;
    }
    Node& to = nodes_[going->second];
    node.giving_up.erase(going);
    // It may have been taken meanwhile.
    if (store_.webhook(webhook).owner != node.number) return;
    store_.give(webhook, to.number);
    ++counts_.take_overs;
    note(fmt::format("node {} gives a lane to {}", node.number, to.number));
    if (to.is_up)
        tell(to, [this, &to, webhook] {
            if (store_.webhook(webhook).owner == to.number) add_lane(to, webhook, true);
        });
}

void World::take_lanes_of(const Node& gone) {
    for (const auto& webhook : webhooks_) {
        if (store_.webhook(webhook).owner != gone.number) continue;
        for (Node& other : nodes_) {
            if (&other == &gone || !other.is_up || other.is_frozen) continue;
            store_.give(webhook, other.number);
            ++counts_.take_overs;
            note(fmt::format("node {} takes a lane of {}", other.number, gone.number));
            tell(other, [this, &other, webhook] {
                if (store_.webhook(webhook).owner == other.number) add_lane(other, webhook, true);
            });
            break;
        }
    }
}

void World::tick(Node& node) {
    if (node.is_frozen) return;
    while (!node.inbox.empty()) {
        const auto message = std::move(node.inbox.front());
        node.inbox.pop_front();
        message();
    }
    record(node);
    for (Held& held : node.scheduler->plan(now_, limits::attempts_started_at_once)) {
        attempt(node, std::move(held));
    }
    for (const auto& refill : node.scheduler->refills(now_)) read(node, refill);
    check(node.scheduler->in_flight() <= attempts_in_flight_max_,
          "no more attempts than there may be");
    std::size_t in_flight = 0;
    for (const auto& [webhook, lane] : node.lanes) in_flight += lane.in_flight;
    check(node.scheduler->in_flight() == in_flight, "what is in flight is counted right");
    set_timer(node);
}

/// Nothing else wakes it but what it is told.
void World::set_timer(Node& node) {
    const auto timer = ++node.timer;
    if (const auto wake = node.scheduler->next_wake()) {
        on(node, *wake, [this, &node, timer] {
            if (node.timer == timer) tick(node);
        });
    }
}

void World::read(Node& node, const Scheduler::Refill& refill) {
    on(node, now_ + (chance(0.05) ? some(1s) : some(3ms)), [this, &node, refill] {
        if (!is_calm_ && chance(0.03)) {
            return tell(node,
                        [this, &node, refill] { node.scheduler->refill_failed(refill, now_); });
        }
        auto due = std::make_shared<store::deliveries_table::Due>(
            store_.due(refill.webhook, refill.due_since, refill.limit, refill.bytes));
        const auto commit = store_.commit();
        const auto breaker =
            refill.asks_breaker ? store_.webhook(refill.webhook).breaker : std::nullopt;
        const auto give = [this, &node, refill, due, commit, breaker] {
            node.scheduler->refilled(refill, std::move(*due), commit, now_, breaker);
        };
        // The answer takes its time, too.
        const auto later = [this, &node, give] {
            on(node, now_ + (chance(0.05) ? some(500ms) : some(1ms)),
               [this, &node, give] { tell(node, give); });
        };
        if (due->blocked.empty()) return later();
        write(node, [this, due, later] {
            if (!store_.park(due->blocked)) due->complete = false;
            later();
        });
    });
}

void World::attempt(Node& node, Held held) {
    const auto lane = node.lanes.find(held.row.webhook);
    if (lane == node.lanes.end() || !(lane->second.is_enabled || held.row.by_hand)) {
        node.scheduler->finished(held, {}, now_);
        node.scheduler->landed(held);
        node.scheduler->recorded(held.row.webhook, held.row.id, std::nullopt, 0, now_);
        return on(node, now_, [this, &node] { tick(node); });
    }
    check_attempt(node, held, lane->second);
    ++counts_.attempts;
    const std::int64_t epoch = lane->second.epoch;
    ++lane->second.in_flight;
    lane->second.probes += held.is_probe ? 1 : 0;
    node.in_flight[{held.row.id, epoch}] = held.row.webhook;
    const auto& receiver = asked_[held.row.webhook].receiver;
    const Duration takes = 1ms + some(receiver.slowest);
    on(node, now_ + takes, [this, &node, held = std::move(held), epoch, started_at = now_] {
        tell(node, [this, &node, held, epoch, started_at] {
            end_attempt(node, held, epoch, started_at);
        });
    });
}

void World::check_attempt(Node& node, const Held& held, const Known& lane) {
    const auto& stored = store_.delivery(held.row.id);
    const auto name =
        fmt::format("delivery {} of {}", number_of(held.row.id), number_of(held.row.webhook));
    check(!node.in_flight.contains({held.row.id, lane.epoch}),
          name + " is attempted once at a time");
    check(!node.ended.contains(held.row.id),
          name + " is not attempted again when it is known to be final");
    check(held.row.due_at <= now_ || stored.row.due_at <= now_,
          name + " is not attempted before it is due");
    if (stored.row.ordered && stored.row.state == DeliveryState::pending) {
        check(!store_.blocked_by(stored), name + " does not overtake another of its resource");
    }
    check(lane.in_flight < std::min(lane.policy.max_in_flight, limits::lane_in_flight_max),
          name + " finds room below max_in_flight");
    check(!held.is_probe || lane.probes == 0, name + " is the only probe of an open breaker");
    Asked& asked = asked_[held.row.webhook];
    asked.starts.push_back(now_);
    if (!asked.rate) return;
    while (asked.starts.front() + asked.rate->per < now_) asked.starts.pop_front();
    check(asked.starts.size() <= static_cast<std::size_t>(asked.rate->count) + 1,
          name + " keeps to the rate limit");
}

void World::end_attempt(Node& node, const Held& held, std::int64_t epoch, Timestamp started_at) {
    const auto& receiver = asked_[held.row.webhook].receiver;
    const double which = random_.unit();
    AttemptResult result;
    LaneSignal signal = LaneSignal::success;
    if (which < receiver.fails) {
        result.reason = OutcomeReason::refused_by_status;
        result.status = 503;
        signal = LaneSignal::failure;
    } else if (which < receiver.fails + receiver.times_out) {
        result.reason = OutcomeReason::response_timeout;
        signal = LaneSignal::timeout;
    } else if (which < receiver.fails + receiver.times_out + receiver.refuses) {
        result.reason = OutcomeReason::refused_by_status;
        result.status = 400;
        signal = LaneSignal::refused;
    } else {
        result.reason = OutcomeReason::accepted;
        result.status = 200;
    }
    const auto breaking = node.scheduler->finished(held, {.signal = signal, .wall = now_}, now_);
    if (const auto lane = node.lanes.find(held.row.webhook);
        lane != node.lanes.end() && lane->second.epoch == epoch) {
        --lane->second.in_flight;
        lane->second.probes -= held.is_probe ? 1 : 0;
    }
    std::optional<Timestamp> probe_again_at;
    if (held.is_probe && breaking.open) probe_again_at = breaking.open->next_probe_at;
    node.outcomes.push_back({.held = held,
                             .decision = delivery::decide(held.row, result, target(), started_at,
                                                          now_, random_, probe_again_at),
                             .attempt = {},
                             .epoch = epoch,
                             .breaker = breaking,
                             .recorded = {}});
}

/// One batch at a time. One that could not be written is written again in a second.
void World::record(Node& node) {
    if (node.is_recording || node.outcomes.empty()) return;
    node.is_recording = true;
    const auto outcomes = std::make_shared<std::vector<Outcome>>(std::move(node.outcomes));
    node.outcomes.clear();
    write(node, [this, &node, outcomes] {
        if (!is_calm_ && chance(0.02)) {
            return on(node, now_ + 1s, [this, &node, outcomes] {
                node.outcomes.insert(node.outcomes.begin(), outcomes->begin(), outcomes->end());
                node.is_recording = false;
                tick(node);
            });
        }
        const auto what = std::make_shared<std::vector<ModelStore::Recorded>>();
        for (const Outcome& outcome : *outcomes) what->push_back(store_.record(outcome, now_));
        const auto commit = store_.commit();
        tell_of_commit(node, [this, &node, outcomes, what, commit, at = now_] {
            node.is_recording = false;
            recorded(node, *outcomes, *what, commit, at);
        });
    });
}

void World::recorded(Node& node, const std::vector<Outcome>& outcomes,
                     const std::vector<ModelStore::Recorded>& what, store::CommitNumber commit,
                     Timestamp at) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (what[i].lets_go) node.scheduler->tell(outcomes[i].held.row.webhook, commit, at);
    }
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const Outcome& outcome = outcomes[i];
        const auto& row = outcome.held.row;
        const auto& next = outcome.decision.next;
        node.scheduler->landed(outcome.held);
        if (outcome.breaker.has_changed) node.scheduler->breaker_recorded(outcome.held, commit);
        node.in_flight.erase({row.id, outcome.epoch});
        const auto lane = node.lanes.find(row.webhook);
        const bool is_its = lane != node.lanes.end() && lane->second.epoch == outcome.epoch;
        if (what[i].verdict == Verdict::fenced) {
            give_up(node, row.webhook);
            continue;
        }
        const bool applies = what[i].verdict == Verdict::applied;
        std::optional<Held> again;
        if (applies && next.state == DeliveryState::pending) again = Held{next, outcome.held.event};
        if (applies && next.state != DeliveryState::pending &&
            store_.delivery(row.id).row.state == next.state)
            node.ended.insert(row.id);
        if (applies && next.state == DeliveryState::delivered) ++counts_.delivered;
        if (is_its) node.scheduler->recorded(row.webhook, row.id, std::move(again), commit, now_);
        give_up(node, row.webhook);
    }
}

}  // namespace postrider::simulation
