#include "events/fan_out.h"

#include <algorithm>
#include <memory>
#include <span>

#include "model/limits.h"
#include "store/counters_table.h"
#include "store/tables.h"

namespace postrider::events {

void FanOut::resume() {
    store::read<std::vector<RealmId>>(
        store_, store::Turn::server(),
        [](store::sql::Connection& sql) { return store::fan_outs_table::realms(sql); },
        [this](const Result<std::vector<RealmId>>& realms) {
            if (!realms) return;
            for (const RealmId& realm : *realms) proceed(realm);
        },
        store::ReadClass::first);
}

void FanOut::proceed(const RealmId& realm) {
    {
        const MutexLock lock(mutex_);
        const auto [found, is_new] = realms_.try_emplace(realm);
        found->second.again = true;
        if (!is_new) return;
    }
    step(realm);
}

void FanOut::when_written(const RealmId& realm, const Uuid& last, std::function<void()> then) {
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(realm);
        if (found != realms_.end() && found->second.written < last) {
            found->second.waiting.emplace_back(last, std::move(then));
            return;
        }
    }
    then();
}

void FanOut::step(const RealmId& realm) {
    {
        const MutexLock lock(mutex_);
        realms_.at(realm).again = false;
    }
    store::write<Step>(
        store_, store::Turn::of(realm), store::WriteClass::ordinary,
        [this, realm](store::Transaction& tx) { return write_parts(tx, realm); },
        [this, realm](const Result<Step>& step) { advance(realm, step); });
}

Result<FanOut::Step> FanOut::write_parts(store::Transaction& tx, const RealmId& realm) {
    Step step;
    // Of parts that were accepted under the same configuration they are the same.
    std::optional<Receivers> known;
    std::int64_t known_version = 0;
    std::size_t room = limits::fan_out_part_deliveries;
    while (room > 0) {
        POSTRIDER_ASSIGN(const auto part, store::fan_outs_table::first(tx.sql(), realm));
        if (!part) break;
        if (!part->is_readable) {
            // The log says which; those behind it must not wait for ever.
            POSTRIDER_TRY(store::fan_outs_table::remove(tx, *part));
            step.is_empty = false;
            --room;
            continue;
        }
        const std::size_t of_one = std::max<std::size_t>(part->webhooks.size(), 1);
        if (!step.is_empty && of_one > room) break;
        if (!known || known_version != part->config_version) {
            POSTRIDER_ASSIGN(known, receivers_of(tx, *part));
            known_version = part->config_version;
        }
        const Receivers& receivers = *known;
        const auto count = receivers.is_realm_gone
                               ? part->events.size()
                               : std::clamp<std::size_t>(room / of_one, 1, part->events.size());
        POSTRIDER_TRY(write_events(tx, *part, count, receivers));
        step.is_empty = false;
        if (count < part->events.size()) {
            POSTRIDER_TRY(store::fan_outs_table::shorten(tx, *part, count));
            break;
        }
        POSTRIDER_TRY(store::fan_outs_table::remove(tx, *part));
        step.written = part->id;
        room -= std::min(room, count * of_one);
    }
    return step;
}

namespace {

Result<void> enter_order(store::Transaction& tx, std::span<const store::DeliveryRow> deliveries,
                         const ResourceId& resource) {
    std::vector<store::order_table::Member> members;
    for (const auto& row : deliveries) {
        if (!row.ordered || row.state != DeliveryState::pending) continue;
        members.push_back({row.realm, row.webhook, resource, row.id});
    }
    return store::order_table::enter(tx, members);
}

}  // namespace

/// The deliveries of the part's first `count` events.
Result<void> FanOut::write_events(store::Transaction& tx, const store::FanOutRow& part,
                                  std::size_t count, const Receivers& receivers) {
    // Of a realm that is gone only its deletion is still delivered, which is in no set.
    if (receivers.is_realm_gone && part.is_set) return {};
    store::Tally tally;
    for (const EventId& id : std::span(part.events).first(count)) {
        const auto found = store::events_table::find(tx.sql(), part.realm, id);
        if (!found) {
            POSTRIDER_TRY(set_aside(tx, part, id, receivers, found.error(), tally));
            continue;
        }
        const auto& event = *found;
        if (!event || (receivers.is_realm_gone && event->type != "realm.deleted")) continue;
        auto deliveries = deliveries_of(tx, part, id, receivers, tally);
        POSTRIDER_TRY(store::deliveries_table::insert_all(tx, deliveries));
        POSTRIDER_TRY(enter_order(tx, deliveries, event->resource_id));
        const auto content = std::make_shared<const EventContent>(
            event->type, event->timestamp, event->resource_id, event->data, event->trace);
        // Shared, because std::function copies what it holds.
        auto rows = std::make_shared<std::vector<store::DeliveryRow>>(std::move(deliveries));
        tx.after_commit([this, rows, content, commit = tx.commit_number()] {
            for (auto& row : *rows) {
                if (row.state == DeliveryState::pending)
                    sink_.offer({std::move(row), content, commit});
            }
        });
    }
    return store::counters_table::append(tx, tally.take());
}

/// Of an event that cannot be read the deliveries fail: it cannot be sent, and those behind it must
/// not wait for ever.
Result<void> FanOut::set_aside(store::Transaction& tx, const store::FanOutRow& part,
                               const EventId& event, const Receivers& receivers,
                               const Error& problem, store::Tally& tally) {
    if (problem.code != ErrorCode::corrupt) return std::unexpected(problem);
    store::log_unreadable(problem);
    if (receivers.is_realm_gone) return {};
    auto deliveries = deliveries_of(tx, part, event, receivers, tally);
    for (auto& row : deliveries) {
        if (row.state != DeliveryState::pending) continue;
        row.state = DeliveryState::failed;
        row.reason = "It cannot be sent: " + problem.message + ".";
        row.finished_at = tx.now();
        ++tally.at(row.realm, row.webhook, tx.now()).counts.of(store::Counted::failed);
    }
    return store::deliveries_table::insert_all(tx, deliveries);
}

Result<FanOut::Receivers> FanOut::receivers_of(store::Transaction& tx,
                                               const store::FanOutRow& part) {
    Receivers receivers;
    const auto version = store::realms_table::hold_config_version(tx, part.realm);
    receivers.is_realm_gone = !version && version.error().code == ErrorCode::not_found;
    if (!version && !receivers.is_realm_gone) return std::unexpected(version.error());
    if (version && *version != part.config_version) {
        POSTRIDER_ASSIGN(const auto rows,
                         store::webhooks_table::subscriptions(tx.sql(), part.realm));
        receivers.enabled.emplace();
        for (const auto& row : rows) receivers.enabled->insert(row.webhook);
    }
    if (version) {
        POSTRIDER_ASSIGN(receivers.ordered, store::order_table::webhooks(tx.sql(), part.realm));
    }
    return receivers;
}

/// A webhook that was disabled or deleted since the event was accepted gets its delivery, too, but
/// a cancelled one: as if the delivery had been there when it was.
std::vector<store::DeliveryRow> FanOut::deliveries_of(store::Transaction& tx,
                                                      const store::FanOutRow& part,
                                                      const EventId& event,
                                                      const Receivers& receivers,
                                                      store::Tally& tally) {
    std::vector<store::DeliveryRow> deliveries;
    deliveries.reserve(part.webhooks.size());
    for (const WebhookId& webhook : part.webhooks) {
        auto& row = deliveries.emplace_back();
        row.realm = part.realm;
        row.id = tx.mint_id<DeliveryId>();
        row.webhook = webhook;
        row.event = event;
        row.due_at = tx.now();
        row.pending_since = tx.now();
        row.ordered = receivers.ordered.contains(webhook);
        if (receivers.enabled && !receivers.enabled->contains(webhook)) {
            row.state = DeliveryState::cancelled;
            row.reason = "The webhook was disabled or deleted right after the event was accepted.";
            row.finished_at = tx.now();
            ++tally.at(row.realm, webhook, tx.now()).counts.of(store::Counted::cancelled);
        }
    }
    return deliveries;
}

void FanOut::advance(const RealmId& realm, const Result<Step>& step) {
    std::vector<std::function<void()>> told;
    bool goes_on = false;
    {
        const MutexLock lock(mutex_);
        auto& progress = realms_.at(realm);
        const bool is_over = !step || (step->is_empty && !progress.again);
        if (step) progress.written = std::max(progress.written, step->written);
        std::erase_if(progress.waiting, [&](auto& waiting) {
            if (!is_over && waiting.first > progress.written) return false;
            told.push_back(std::move(waiting.second));
            return true;
        });
        goes_on = !is_over;
        if (is_over) realms_.erase(realm);
    }
    for (auto& then : told) then();
    if (goes_on) this->step(realm);
}

}  // namespace postrider::events
