#include "simulation/world.h"

#include <fmt/format.h>

#include "model/limits.h"

namespace postrider::simulation {
namespace {

constexpr std::size_t steps_kept = 20;
constexpr std::size_t steps_max = 2'000'000;

template <typename Id>
Id id_of(std::uint8_t kind, std::uint64_t number) {
    Id id;
    id.uuid.bytes[0] = kind;
    for (int i = 0; i < 8; ++i)
        id.uuid.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return id;
}

}  // namespace

const webhooks::Target& target() {
    static const webhooks::Target target = [] {
        webhooks::Target made;
        made.retry_schedule = {5s, 20s, 2min, 10min, 1h};
        return made;
    }();
    return target;
}

World::World(std::uint64_t seed) : random_(seed), now_(*parse_rfc3339("2026-11-23T12:00:00Z")) {
    attempts_in_flight_max_ = 4 + any(60);
    nodes_.resize(1 + any(3));
    for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i].number = i;
    const std::size_t count = 1 + any(5);
    for (std::size_t i = 0; i < count; ++i) {
        const auto webhook = id_of<WebhookId>(2, i + 1);
        webhooks_.push_back(webhook);
        auto& stored = store_.webhook(webhook);
        stored.ordered = chance(0.4);
        stored.holds = stored.ordered && chance(0.5);
        stored.owner = any(nodes_.size());
        auto& asked = asked_[webhook];
        asked.policy = some_policy(0.3);
        asked.receiver.slowest = 1ms + some(3s);
    }
    to_publish_ = chance(0.05) ? 3000 : 20 + any(400);
    for (Node& node : nodes_) start(node);
}

delivery::admission::Policy World::some_policy(double share) {
    delivery::admission::Policy policy;
    if (chance(share)) policy.max_in_flight = 1 + any(8);
    if (chance(share)) {
        const auto count = static_cast<std::int64_t>(1 + any(chance(0.5) ? 2 : 20));
        policy.rate_limit = {.count = count, .per = 1s};
    }
    return policy;
}

void World::run() {
    const Timestamp calm = now_ + 1min + some(30min);
    at(now_, [this] { happen(); });
    at(calm, [this] { calm_down(); });
    const Timestamp end = calm + 30 * 24h;
    while (!agenda_.empty()) {
        auto next = agenda_.extract(agenda_.begin());
        check(next.key() <= end, "all comes to its end within thirty days");
        check(++counts_.steps < steps_max, "all comes to its end within two million steps");
        now_ = next.key();
        next.mapped()();
        if (is_calm_ && to_publish_ == 0 && store_.pending() == 0) break;
    }
    check_end();
}

// The played machine.

void World::at(Timestamp when, Task task) {
    agenda_.emplace(std::max(when, now_), std::move(task));
}

/// Dropped when the process has ended by then.
void World::on(Node& node, Timestamp when, Task task) {
    at(when, [&node, life = node.life, task = std::move(task)] {
        if (node.is_up && node.life == life) task();
    });
}

/// A message for the engine's loop.
void World::tell(Node& node, Task message) {
    node.inbox.push_back(std::move(message));
    on(node, now_ + some(chance(0.05) ? 50ms : 1ms), [this, &node] { tick(node); });
}

/// Some time after the commit, which others may have read by then.
void World::tell_of_commit(Node& node, Task message) {
    node.told_until = std::max(node.told_until, now_) + (chance(0.1) ? some(20ms) : some(100us));
    on(node, node.told_until, [this, &node, message = std::move(message)] { tell(node, message); });
}

/// A commit. What follows from it is told before the next one of this node.
void World::write(Node& node, Task change) {
    const Duration takes = chance(0.02) ? some(2s) : some(5ms);
    node.writer_free = std::max(node.writer_free, now_) + takes;
    on(node, node.writer_free, std::move(change));
}

void World::note(std::string step) {
    last_steps_.push_back(fmt::format("{} {}", format_rfc3339(now_), std::move(step)));
    if (last_steps_.size() > steps_kept) last_steps_.pop_front();
}

std::string World::history() const {
    std::string text;
    for (const auto& step : last_steps_) text += "\n  " + step;
    return text;
}

void World::check(bool holds, const std::string& rule) {
    if (!holds) throw Broken{rule + history()};
}

// What happens to it.

void World::happen() {
    if (is_calm_) return;
    const double which = random_.unit();
    if (which < 0.85) {
        // Now and then many at once: more than a lane holds in memory.
        for (std::size_t count = chance(0.01) ? any(1500) : 1; count > 0; --count) publish();
    } else if (which < 0.97) {
        disturb_a_webhook();
    } else {
        disturb_a_node();
    }
    at(now_ + (chance(0.9) ? some(50ms) : some(chance(0.9) ? 5s : 5min)), [this] { happen(); });
}

void World::publish() {
    if (to_publish_ == 0) return;
    Node& node = nodes_[any(nodes_.size())];
    if (!node.is_up) return;
    --to_publish_;
    const auto webhook = webhooks_[any(webhooks_.size())];
    const auto resource = id_of<ResourceId>(3, any(5));
    const auto event = std::make_shared<const EventContent>("user.created", now_, resource, "{}");
    // Its id is minted before the commit, and so is when it is due.
    store::DeliveryRow row;
    row.realm = realm_of_all;
    row.id = id_of<DeliveryId>(4, ++ids_);
    row.webhook = webhook;
    row.due_at = now_;
    write(node, [this, &node, row, event] {
        if (!store_.webhook(row.webhook).enabled) return;
        const auto commit = store_.publish(row, event);
        note(fmt::format("{} is published", number_of(row.id)));
        auto stored = store_.delivery(row.id).row;
        const auto offer = [this, &node, commit, event, stored] {
            if (node.lanes.contains(stored.webhook)) {
                node.scheduler->offer({stored, event, commit}, now_);
                return;
            }
            // Whoever has the lane is told, some time.
            at(now_ + some(100ms), [this, commit, webhook = stored.webhook, due = stored.due_at] {
                Node& other = owner(webhook);
                if (!other.is_up) return;
                tell(other, [&other, commit, webhook, due] {
                    if (!other.lanes.contains(webhook)) return;
                    other.scheduler->mark_behind(realm_of_all, webhook, commit,
                                                 due - limits::told_late_max);
                });
            });
        };
        tell_of_commit(node, offer);
    });
}

void World::disturb_a_webhook() {
    const auto webhook = webhooks_[any(webhooks_.size())];
    Asked& asked = asked_[webhook];
    Node& node = owner(webhook);
    switch (any(7)) {
        case 0:  // its receiver falls ill
            asked.receiver = {.fails = random_.unit() * 0.5,
                              .times_out = random_.unit() * 0.3,
                              .refuses = random_.unit() * 0.2,
                              .slowest = some(15s)};
            return note("a receiver falls ill");
        case 1:
            asked.receiver = {.fails = 1, .slowest = some(100ms)};
            return note("a receiver is down");
        case 2:
            asked.receiver = {.slowest = some(1s)};
            return note("a receiver is well");
        case 3:
            return change_controls(webhook);
        case 4:
            return turn_on_or_off(webhook, node);
        case 5:
            return want_one_now(node);
        default:
            if (node.is_up && !node.is_frozen) release(webhook);
    }
}

void World::change_controls(const WebhookId& webhook) {
    asked_[webhook].policy = some_policy(0.5);
    note("a webhook's controls are others");
    tell_changed(webhook, [this, webhook](Node& of, Known& lane) {
        adopt_policy(webhook, lane);
        of.scheduler->set_policy(webhook, lane.policy, false, now_);
    });
}

/// It is disabled, and perhaps enabled.
void World::turn_on_or_off(const WebhookId& webhook, Node& node) {
    if (!node.is_up || node.is_frozen) return;
    write(node, [this, webhook] {
        if (store_.webhook(webhook).enabled) {
            const auto commit = store_.cancel(webhook);
            note("a webhook is disabled");
            tell_changed(webhook, [this, webhook, commit](Node& of, Known& lane) {
                lane.is_enabled = false;
                for (const auto& [id, delivery] : store_.deliveries()) {
                    if (delivery.row.webhook == webhook &&
                        delivery.row.state == DeliveryState::cancelled) {
                        of.ended.insert(id);
                    }
                }
                of.scheduler->reset_lane(webhook, commit);
            });
        } else {
            const auto commit = store_.enable(webhook);
            note("a webhook is enabled");
            tell_changed(webhook, [this, webhook, commit](Node& of, Known& lane) {
                lane.is_enabled = true;
                of.scheduler->close_breaker(webhook, now_);
                of.scheduler->mark_behind(realm_of_all, webhook, commit, Timestamp{});
            });
        }
    });
}

/// Somebody wants one of the deliveries sent now.
void World::want_one_now(Node& node) {
    if (store_.deliveries().empty() || !node.is_up || node.is_frozen) return;
    auto at = std::next(store_.deliveries().begin(),
                        static_cast<std::ptrdiff_t>(any(store_.deliveries().size())));
    const auto id = at->first;
    const auto of_webhook = at->second.row.webhook;
    if (!store_.webhook(of_webhook).enabled) return;
    write(node, [this, id, of_webhook] {
        if (!store_.webhook(of_webhook).enabled) return;
        const auto commit = store_.send_now(id, now_);
        note(fmt::format("{} is wanted now", number_of(id)));
        for (Node& each : nodes_) each.ended.erase(id);
        Node& of = owner(of_webhook);
        if (!of.is_up) return;
        tell(of, [this, &of, id, of_webhook, commit] {
            if (!of.lanes.contains(of_webhook)) return;
            of.scheduler->hurry(of_webhook, id, now_);
            of.scheduler->mark_behind(realm_of_all, of_webhook, commit,
                                      now_ - limits::told_late_max);
        });
    });
}

/// What a webhook holds goes, and what waits behind it may come.
void World::release(const WebhookId& webhook) {
    write(owner(webhook), [this, webhook] {
        if (!store_.release(webhook, now_)) return;
        const auto commit = store_.commit();
        note("what a webhook held is released");
        tell_changed(webhook, [this, webhook, commit](Node& of, Known&) {
            of.scheduler->mark_behind(realm_of_all, webhook, commit, now_ - limits::told_late_max);
        });
    });
}

void World::disturb_a_node() {
    Node& node = nodes_[any(nodes_.size())];
    switch (any(4)) {
        case 0:
            if (node.is_up) crash(node);
            return;
        case 1:  // it hangs for so long that others take its lanes
            if (!node.is_up || node.is_frozen || nodes_.size() == 1) return;
            node.is_frozen = true;
            note(fmt::format("node {} hangs", node.number));
            take_lanes_of(node);
            on(node, now_ + some(30s), [this, &node] {
                node.is_frozen = false;
                note(fmt::format("node {} goes on", node.number));
                // It asks whose its lanes are before it attempts anything.
                std::erase_if(node.lanes, [&](const auto& lane) {
                    const auto& stored = store_.webhook(lane.first);
                    if (stored.owner == node.number && stored.epoch == lane.second.epoch)
                        return false;
                    node.scheduler->remove_lane(lane.first);
                    return true;
                });
                tick(node);
            });
            return;
        default: {
            const auto webhook = webhooks_[any(webhooks_.size())];
            // Perhaps there and back.
            for (std::size_t turns = chance(0.3) ? 8 : 1; turns > 0; --turns) {
                at(now_ + some(300ms), [this, webhook] {
                    Node& to = nodes_[any(nodes_.size())];
                    if (to.is_up && !to.is_frozen && &owner(webhook) != &to) give_lane(webhook, to);
                });
            }
        }
    }
}

/// From here on nothing goes wrong.
void World::calm_down() {
    is_calm_ = true;
    for (int last = 0; last < 30; ++last) {
        to_publish_ = 1;
        publish();
    }
    to_publish_ = 0;
    note("all is well from now on");
    for (Node& node : nodes_) {
        if (!node.is_up) start(node);
    }
    for (const auto& webhook : webhooks_) {
        asked_[webhook].receiver = {.slowest = 100ms};
        release(webhook);
    }
    // What is not delivered within the schedule fails; a resource that is held then is released.
    at(now_ + 24h, [this] {
        for (const auto& webhook : webhooks_) release(webhook);
    });
}

void World::check_end() const {
    for (const auto& [id, delivery] : store_.deliveries()) {
        if (delivery.row.state == DeliveryState::pending) {
            const auto& stored = store_.webhooks().at(delivery.row.webhook);
            const auto blocked = store_.blocked_by(delivery);
            throw Broken{
                fmt::format("{} of {} goes on: due {}{}{}{}", number_of(id),
                            number_of(delivery.row.webhook), format_rfc3339(delivery.row.due_at),
                            delivery.row.ordered ? ", ordered" : "",
                            stored.enabled ? "" : ", disabled",
                            blocked ? fmt::format(", behind {}", number_of(*blocked)) : "") +
                history()};
        }
    }
}

}  // namespace postrider::simulation
