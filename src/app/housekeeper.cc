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
        store_.write(
            store::WriteClass::ordinary,
            [uses = keys_.take_uses()](store::Transaction& tx) { return write_uses(tx, uses); },
            [](const Result<void>&) {});
    });
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
    const bool has_more = keys == most || resets == most || sessions == most || tokens == most ||
                          purged || !plan.overdue.empty();
    if (has_more) return Progress{std::move(plan), true};
    POSTRIDER_ASSIGN(const bool released, tx.sql().release_pages(limits::release_step_pages));
    return Progress{{}, released};
}

void Housekeeper::work() {
    recoveries_.proceed();
    store::read<Plan>(
        store_,
        [this, now = clock_.now()](store::sql::Connection& sql) -> Result<Plan> {
            Plan plan;
            POSTRIDER_ASSIGN(plan.overdue, directory_.find_overdue(sql, now));
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
            if (!progress) {
                log::warning("app", "housekeeping waits", {{"reason", progress.error().message}});
            }
            loop_.post([this, progress = progress ? std::move(*progress) : Progress{}] {
                if (!progress.has_more) {
                    return schedule(limits::housekeeping_interval, [this] { work(); });
                }
                schedule(limits::housekeeping_pause, [this, plan = progress.plan] { go_on(plan); });
            });
        });
}

}  // namespace postrider::app
