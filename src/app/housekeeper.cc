#include "app/housekeeper.h"

#include <algorithm>
#include <iterator>

#include "audit/record.h"
#include "directory/directory.h"
#include "model/limits.h"
#include "store/removals.h"
#include "store/table_lock.h"
#include "store/tables.h"
#include "telemetry/log.h"
#include "webhooks/cancellations.h"
#include "webhooks/operational.h"
#include "webhooks/recoveries.h"

namespace postrider::app {

namespace {

Result<void> write_uses(store::Transaction& tx, const std::vector<access::ApiKeyUse>& uses) {
    for (const access::ApiKeyUse& use : uses) {
        POSTRIDER_TRY(store::api_keys_table::touch(tx, use.realm, use.id, use.at));
    }
    return {};
}

/// Whether there may be more.
Result<bool> expire(store::Transaction& tx) {
    constexpr auto most = static_cast<std::int64_t>(limits::housekeeping_rows_max);
    POSTRIDER_ASSIGN(const auto keys, store::idempotency_table::expire(
                                          tx, tx.now() - limits::idempotency_key_lifetime,
                                          limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const auto resets,
                     store::password_resets_table::expire(tx, tx.now() - limits::reset_token_window,
                                                          limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const auto sealed, store::sealed_resets_table::expire(
                                            tx, tx.now(), limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const auto sessions,
                     store::sessions_table::expire(tx, tx.now(), limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const auto tokens, store::oauth_tokens_table::expire(
                                            tx, tx.now(), limits::housekeeping_rows_max));
    return keys == most || resets == most || sealed == most || sessions == most || tokens == most;
}

template <typename T>
void note(const Result<T>& done) {
    if (done) return;
    log::warning("app", "housekeeping waits", {{"reason", done.error().message}});
}

}  // namespace

void Housekeeper::start() {
    loop_.post([this] {
        timer_ = loop_.make_timer();
        work();
    });
}

void Housekeeper::stop() {
    loop_.post([this] {
        timer_.reset();
        note_uses();
    });
}

void Housekeeper::note_uses() {
    store_.write(
        store::Turn::server(), store::WriteClass::ordinary,
        [uses = keys_.take_uses()](store::Transaction& tx) { return write_uses(tx, uses); },
        [](const Result<void>&) {});
}

void Housekeeper::schedule(Duration wait, std::function<void()> then) {
    if (timer_ == nullptr) return;
    timer_->expire_at(clock_.monotonic() + wait, std::move(then));
}

Result<void> Housekeeper::remove_keys(store::Transaction& tx,
                                      const std::vector<store::ApiKeyRow>& rows) {
    for (const store::ApiKeyRow& row : rows) {
        POSTRIDER_ASSIGN(const bool was_there,
                         store::api_keys_table::remove(tx, row.realm, row.id));
        if (!was_there) continue;
        POSTRIDER_TRY(audit::record(
            tx, Actor::system("housekeeping"),
            {.realm = row.realm, .action = "api_key.expire", .resource_id = row.id.to_string()}));
        tx.after_commit([this, id = row.id] { keys_.remove(id); });
        tx.announce({store::Subject::api_key, row.realm, row.id.uuid});
    }
    return {};
}

Result<void> Housekeeper::do_chore(store::Transaction& tx, Chore chore, Progress& progress) {
    Plan& plan = progress.plan;
    switch (chore) {
        case Chore::uses:
            POSTRIDER_TRY(write_uses(tx, plan.uses));
            plan.uses.clear();
            break;
        case Chore::expire:
            if (plan.may_expire) {
                POSTRIDER_ASSIGN(const bool expired, expire(tx));
                progress.has_more = progress.has_more || expired;
            }
            break;
        case Chore::purge: {
            POSTRIDER_ASSIGN(const auto purged, directory_.purge_step(tx, plan.purged));
            plan.purged = purged.value_or(RealmId{});
            progress.has_more = progress.has_more || purged;
            break;
        }
        case Chore::sweep: {
            POSTRIDER_ASSIGN(const auto swept,
                             store::removals::sweep_roles(tx, limits::housekeeping_rows_max));
            progress.has_more = progress.has_more || swept > 0;
            break;
        }
        case Chore::keys:
            POSTRIDER_TRY(remove_keys(tx, plan.ended_keys));
            plan.ended_keys.clear();
            break;
        case Chore::notices: {
            POSTRIDER_ASSIGN(const bool is_more, operational_.tell_rest(tx));
            progress.has_more = progress.has_more || is_more;
            break;
        }
        case Chore::overdue: {
            if (plan.overdue.empty()) break;
            POSTRIDER_ASSIGN(const auto left, directory::expire(tx, plan.overdue.back(),
                                                                limits::retention_step_rows));
            plan.overdue.pop_back();
            if (left) plan.overdue.push_back(*left);
            progress.has_more = progress.has_more || !plan.overdue.empty();
            break;
        }
    }
    return {};
}

Result<Housekeeper::Progress> Housekeeper::step(store::Transaction& tx, Plan plan) {
    Progress progress{std::move(plan), false};
    const auto chores = progress.plan.chores;
    for (const Chore chore : chores) POSTRIDER_TRY(do_chore(tx, chore, progress));
    return progress;
}

/// Deleting cannot be taken back, so it waits after the clock was set.
bool Housekeeper::may_expire() {
    const auto look = gate_.look(clock_.now(), clock_.monotonic());
    if (look.moved) {
        log::warning(
            "app",
            "the clock has moved by far more than time has passed: nothing is deleted for its age "
            "for the next hour; if the clock is wrong, set it right and restart the server",
            {{"moved_hours", std::chrono::duration_cast<std::chrono::hours>(*look.moved).count()},
             {"now", format_rfc3339(clock_.now())}});
    }
    return look.may_expire;
}

void Housekeeper::work() {
    const bool expires = may_expire();
    recoveries_.proceed();
    fan_out_.resume();
    cancellations_.resume();
    rebuilds_.resume();
    auto* cluster = store_.cluster();
    if (cluster != nullptr && !cluster->is_steward()) {
        note_uses();
        return schedule(limits::housekeeping_interval, [this] { work(); });
    }
    store::read<Plan>(
        store_, store::Turn::server(),
        [this, expires, now = clock_.now()](store::sql::Connection& sql) -> Result<Plan> {
            Plan plan;
            plan.may_expire = expires;
            POSTRIDER_ASSIGN(const auto retentions, directory_.retentions(sql));
            plan.longest = directory::longest(retentions);
            if (!expires) return plan;
            POSTRIDER_ASSIGN(plan.overdue,
                             directory::find_overdue(sql, now, retentions,
                                                     store_.dropped_at_once(plan.longest)));
            POSTRIDER_ASSIGN(plan.ended_keys,
                             store::api_keys_table::ended(sql, now - limits::api_key_kept_after_end,
                                                          limits::housekeeping_rows_max));
            return plan;
        },
        [this](Result<Plan> plan) {
            loop_.post([this, plan = plan ? std::move(*plan) : Plan{}] { go_on(plan); });
        });
}

void Housekeeper::go_on(Plan plan) {
    if (timer_ == nullptr) return;
    std::ranges::move(keys_.take_uses(), std::back_inserter(plan.uses));
    const auto shared = std::make_shared<const Plan>(std::move(plan));
    store::write<Progress>(
        store_, store::Turn::server(), store::WriteClass::essential,
        [this, shared](store::Transaction& tx) { return step(tx, *shared); },
        [this, shared](Result<Progress> progress) {
            if (progress) {
                return loop_.post([this, progress = std::move(*progress)] { went_on(progress); });
            }
            note(progress);
            loop_.post([this, shared] { go_on_apart({*shared, false}, 0); });
        });
}

void Housekeeper::went_on(const Progress& progress) {
    // Partitions are dropped for their age, too.
    const bool tidies = progress.plan.may_expire;
    if (!progress.has_more) return tidy(tidies ? progress.plan.longest : Duration{0}, 1);
    schedule(limits::housekeeping_pause, [this, plan = progress.plan] { go_on(plan); });
}

void Housekeeper::go_on_apart(Progress progress, std::size_t at) {
    if (timer_ == nullptr) return;
    if (at == progress.plan.chores.size()) return went_on(progress);
    const Chore chore = progress.plan.chores[at];
    const auto shared = std::make_shared<const Progress>(std::move(progress));
    store::write<Progress>(
        store_, store::Turn::server(), store::WriteClass::essential,
        [this, shared, chore](store::Transaction& tx) -> Result<Progress> {
            Progress after = *shared;
            POSTRIDER_TRY(do_chore(tx, chore, after));
            return after;
        },
        [this, shared, chore, at](Result<Progress> done) {
            note(done);
            Progress after = done ? std::move(*done) : *shared;
            std::size_t next = at + 1;
            if (!done && chore == Chore::overdue && !after.plan.overdue.empty()) {
                // One realm's: the others have their turn.
                after.plan.overdue.pop_back();
                after.has_more = after.has_more || !after.plan.overdue.empty();
            } else if (!done) {
                std::erase(after.plan.chores, chore);
                next = at;
            }
            loop_.post([this, after = std::move(after), next] { go_on_apart(after, next); });
        });
}

void Housekeeper::tidy(Duration retention, std::size_t tries) {
    if (timer_ == nullptr) return;
    // Without a plan nobody knows what must be kept.
    if (retention == Duration{0}) {
        return schedule(limits::housekeeping_interval, [this] { work(); });
    }
    store::write<bool>(
        store_, store::Turn::server(), store::WriteClass::essential,
        [step = store::TidyStep{retention, store::table_lock_wait(tries)}](store::Transaction& tx) {
            return tx.tidy(step);
        },
        [this, retention, tries](const Result<bool>& has_more) {
            const bool was_held_off = !has_more && has_more.error().code == ErrorCode::unavailable;
            if (was_held_off && tries < limits::table_lock_tries_max) {
                return loop_.post([this, retention, tries] {
                    schedule(store::table_lock_pause(tries),
                             [this, retention, tries] { tidy(retention, tries + 1); });
                });
            }
            note(has_more);
            loop_.post([this, retention, has_more = has_more.value_or(false)] {
                if (!has_more) return schedule(limits::housekeeping_interval, [this] { work(); });
                schedule(limits::housekeeping_pause, [this, retention] { tidy(retention, 1); });
            });
        });
}

}  // namespace postrider::app
