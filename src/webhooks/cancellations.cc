#include "webhooks/cancellations.h"

#include <string>

namespace postrider::webhooks {

void Cancellations::resume() {
    store::read<std::vector<RealmId>>(
        store_, store::Turn::server(),
        [](store::sql::Connection& sql) { return store::cancellations_table::realms(sql); },
        [this](const Result<std::vector<RealmId>>& realms) {
            if (!realms) return;
            for (const RealmId& realm : *realms) proceed(realm);
        },
        store::ReadClass::first);
}

void Cancellations::proceed(const RealmId& realm) {
    {
        const MutexLock lock(mutex_);
        const auto [found, is_new] = realms_.try_emplace(realm);
        found->second.again = true;
        if (!is_new) return;
    }
    step(realm);
}

void Cancellations::when_done(const RealmId& realm, std::function<void()> then) {
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(realm);
        if (found != realms_.end()) {
            found->second.waiting.push_back(std::move(then));
            return;
        }
    }
    then();
}

void Cancellations::step(const RealmId& realm) {
    Uuid row;
    Timestamp since;
    {
        const MutexLock lock(mutex_);
        Progress& progress = realms_.at(realm);
        progress.again = false;
        row = progress.row;
        since = progress.since;
    }
    // Also on a full disk: disabling and deleting are what one needs then.
    store::write<Step>(
        store_, store::Turn::of(realm), store::WriteClass::essential,
        [this, realm, row, since](store::Transaction& tx) {
            return do_part(tx, realm, row, since);
        },
        [this, realm](const Result<Step>& step) { advance(realm, step); });
}

Result<Cancellations::Step> Cancellations::do_part(store::Transaction& tx, const RealmId& realm,
                                                   const Uuid& row, Timestamp since) {
    POSTRIDER_ASSIGN(const auto first, store::cancellations_table::first(tx.sql(), realm));
    if (!first) return Step{.is_empty = true, .row = {}, .done = {}};
    if (!first->is_readable) {
        // The log says which; those behind it must not wait for ever.
        POSTRIDER_TRY(store::cancellations_table::remove_first(tx, realm));
        return Step{};
    }
    const Timestamp from = first->id == row ? since : Timestamp{};
    POSTRIDER_ASSIGN(const auto done, part_(tx, *first, from));
    return Step{.is_empty = false, .row = first->id, .done = done};
}

void Cancellations::advance(const RealmId& realm, const Result<Step>& step) {
    std::vector<std::function<void()>> told;
    bool is_over = false;
    const bool waits = step && step->done.waits;
    {
        const MutexLock lock(mutex_);
        Progress& progress = realms_.at(realm);
        // What still waits after it has waited, something has stopped: resume() goes on with it.
        is_over = !step || (step->is_empty && !progress.again) || (waits && progress.has_waited);
        if (is_over) {
            told = std::move(progress.waiting);
            realms_.erase(realm);
        } else {
            progress.row = step->row;
            progress.since = step->done.since;
            progress.has_waited = waits;
        }
    }
    for (auto& then : told) then();
    if (is_over) return;
    if (!waits) return this->step(realm);
    const Uuid last_of_all = Uuid::from_bytes(std::string(16, '\xff'));
    fan_out_.proceed(realm);
    fan_out_.when_written(realm, last_of_all, [this, realm] { this->step(realm); });
}

}  // namespace postrider::webhooks
