#include "app/housekeeper.h"

#include "audit/record.h"
#include "directory/directory.h"
#include "model/limits.h"
#include "store/tables.h"
#include "telemetry/log.h"
#include "webhooks/recover.h"

namespace postrider::app {

namespace {

Result<void> write_uses(store::Transaction& tx, const std::vector<access::ApiKeyUse>& uses) {
    for (const access::ApiKeyUse& use : uses) {
        POSTRIDER_TRY(store::api_keys_table::touch(tx, use.realm, use.id, use.at));
    }
    return {};
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
        store::WriteClass::ordinary,
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

Result<Housekeeper::Progress> Housekeeper::step(store::Transaction& tx,
                                                const std::vector<access::ApiKeyUse>& uses,
                                                Plan plan) {
    POSTRIDER_TRY(write_uses(tx, uses));
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
    POSTRIDER_ASSIGN(const bool purged, directory_.purge_step(tx));
    POSTRIDER_TRY(remove_keys(tx, plan.ended_keys));
    plan.ended_keys.clear();
    if (!plan.overdue.empty()) {
        POSTRIDER_ASSIGN(const auto left,
                         directory::expire(tx, plan.overdue.back(), limits::retention_step_rows));
        plan.overdue.pop_back();
        if (left) plan.overdue.push_back(*left);
    }
    const bool has_more = keys == most || resets == most || sealed == most || sessions == most ||
                          tokens == most || purged || !plan.overdue.empty();
    return Progress{std::move(plan), has_more};
}

void Housekeeper::work() {
    recoveries_.proceed();
    auto* cluster = store_.cluster();
    if (cluster != nullptr && !cluster->is_steward()) {
        note_uses();
        return schedule(limits::housekeeping_interval, [this] { work(); });
    }
    store::read<Plan>(
        store_,
        [this, now = clock_.now()](store::sql::Connection& sql) -> Result<Plan> {
            Plan plan;
            POSTRIDER_ASSIGN(const auto retentions, directory_.retentions(sql));
            plan.longest = directory::longest(retentions);
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
    store::write<Progress>(
        store_,
        [this, uses = keys_.take_uses(), plan = std::move(plan)](store::Transaction& tx) {
            return step(tx, uses, plan);
        },
        [this](Result<Progress> progress) {
            note(progress);
            loop_.post([this, progress = progress ? std::move(*progress) : Progress{}] {
                if (!progress.has_more) return tidy(progress.plan.longest);
                schedule(limits::housekeeping_pause, [this, plan = progress.plan] { go_on(plan); });
            });
        });
}

void Housekeeper::tidy(Duration retention) {
    if (timer_ == nullptr) return;
    // Without a plan nobody knows what must be kept.
    if (retention == Duration{0}) {
        return schedule(limits::housekeeping_interval, [this] { work(); });
    }
    store::write<bool>(
        store_, [retention](store::Transaction& tx) { return tx.tidy(retention); },
        [this, retention](Result<bool> has_more) {
            note(has_more);
            loop_.post([this, retention, has_more = has_more.value_or(false)] {
                if (!has_more) return schedule(limits::housekeeping_interval, [this] { work(); });
                schedule(limits::housekeeping_pause, [this, retention] { tidy(retention); });
            });
        });
}

}  // namespace postrider::app
