#include "events/fan_out.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

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
    store::write<Uuid>(
        store_, store::Turn::of(realm), store::WriteClass::ordinary,
        [this, realm](store::Transaction& tx) { return write_parts(tx, realm); },
        [this, realm](const Result<Uuid>& written) { advance(realm, written); });
}

/// The last part that it wrote; nil: there was none.
Result<Uuid> FanOut::write_parts(store::Transaction& tx, const RealmId& realm) {
    Uuid last;
    std::size_t count = 0;
    while (true) {
        POSTRIDER_ASSIGN(const auto part, store::fan_outs_table::first(tx.sql(), realm));
        if (!part) return last;
        if (!part->is_readable) {
            // The log says which; those behind it must not wait for ever.
            POSTRIDER_TRY(store::fan_outs_table::remove_first(tx, realm));
            continue;
        }
        count += std::max<std::size_t>(part->webhooks.size(), 1);
        if (!last.is_nil() && count > limits::fan_out_part_deliveries) return last;
        POSTRIDER_TRY(write_part(tx, *part));
        last = part->id;
    }
}

Result<void> FanOut::write_part(store::Transaction& tx, const store::FanOutRow& part) {
    POSTRIDER_TRY(store::fan_outs_table::remove(tx, part.realm, part.id));
    POSTRIDER_ASSIGN(const auto event, store::events_table::find(tx.sql(), part.realm, part.event));
    if (!event) return {};
    POSTRIDER_ASSIGN(auto deliveries, deliveries_of(tx, part, event->type));
    POSTRIDER_TRY(store::deliveries_table::insert_all(tx, deliveries));
    const auto content = std::make_shared<const EventContent>(event->type, event->timestamp,
                                                              event->resource_id, event->data);
    // Shared, because std::function copies what it holds.
    auto rows = std::make_shared<std::vector<store::DeliveryRow>>(std::move(deliveries));
    tx.after_commit([this, rows, content, commit = tx.commit_number()] {
        for (auto& row : *rows) {
            if (row.state == DeliveryState::pending) sink_.offer({std::move(row), content, commit});
        }
    });
    return {};
}

/// A webhook that was disabled or deleted since the event was accepted gets its delivery, too, but
/// a cancelled one: as if the delivery had been there when it was. Of a realm that is gone only its
/// deletion is still delivered.
Result<std::vector<store::DeliveryRow>> FanOut::deliveries_of(store::Transaction& tx,
                                                              const store::FanOutRow& part,
                                                              std::string_view type) {
    std::vector<store::DeliveryRow> deliveries;
    const auto version = store::realms_table::hold_config_version(tx, part.realm);
    const bool is_gone = !version && version.error().code == ErrorCode::not_found;
    if (!version && !is_gone) return std::unexpected(version.error());
    if (is_gone && type != "realm.deleted") return deliveries;
    std::optional<std::set<WebhookId>> enabled;
    if (version && *version != part.config_version) {
        POSTRIDER_ASSIGN(const auto rows,
                         store::webhooks_table::subscriptions(tx.sql(), part.realm));
        enabled.emplace();
        for (const auto& row : rows) enabled->insert(row.webhook);
    }
    store::Tally tally;
    for (const WebhookId& webhook : part.webhooks) {
        auto& row = deliveries.emplace_back();
        row.realm = part.realm;
        row.id = tx.mint_id<DeliveryId>();
        row.webhook = webhook;
        row.event = part.event;
        row.due_at = tx.now();
        row.pending_since = tx.now();
        if (enabled && !enabled->contains(webhook)) {
            row.state = DeliveryState::cancelled;
            row.reason = "The webhook was disabled or deleted right after the event was accepted.";
            row.finished_at = tx.now();
            ++tally.at(row.realm, webhook, tx.now()).counts.of(store::Counted::cancelled);
        }
    }
    POSTRIDER_TRY(store::counters_table::append(tx, tally.take()));
    return deliveries;
}

void FanOut::advance(const RealmId& realm, const Result<Uuid>& written) {
    std::vector<std::function<void()>> told;
    bool goes_on = false;
    {
        const MutexLock lock(mutex_);
        auto& progress = realms_.at(realm);
        const bool is_over = !written || (written->is_nil() && !progress.again);
        if (written) progress.written = std::max(progress.written, *written);
        std::erase_if(progress.waiting, [&](auto& waiting) {
            if (!is_over && waiting.first > progress.written) return false;
            told.push_back(std::move(waiting.second));
            return true;
        });
        goes_on = !is_over;
        if (is_over) realms_.erase(realm);
    }
    for (auto& then : told) then();
    if (goes_on) step(realm);
}

}  // namespace postrider::events
