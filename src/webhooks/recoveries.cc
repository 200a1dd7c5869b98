#include "webhooks/recoveries.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "model/limits.h"
#include "store/list.h"
#include "store/store_error.h"
#include "store/tables.h"
#include "webhooks/recover.h"
#include "webhooks/retry.h"

namespace postrider::webhooks {
namespace {

using store::OperationRow;
using store::Transaction;
using store::operations_table::Running;

/// Counts that an operation can come to: what it adds to them stays a number.
constexpr std::int64_t count_max = std::int64_t{1} << 53;

bool took_too_long(const Error& error) {
    return error.problem != nullptr && error.problem == std::string_view("filter-too-wide");
}

constexpr const char* takes_too_long =
    "To look for what it has to do takes longer than a read may last, one event at a time. Make "
    "the webhook's filter simpler, then begin again.";

/// One of a kind that another version knows is left to it.
bool is_of_another_version(const Running& one) {
    return one.row && one.row->kind != recover_kind && one.row->kind != retry_kind;
}

}  // namespace

struct Recoveries::Task {
    RealmId realm;
    OperationId operation;
    std::string cursor;  ///< of its row, when this was read
    std::variant<RecoveryStep, RetryStep> step;
};

/// What came of a look at the operation whose turn it is.
struct Recoveries::Look {
    std::string key;             ///< of the operation; "": none runs
    Result<Task> task = Task{};  ///< or what went wrong with it
};

namespace {

Result<std::variant<RecoveryStep, RetryStep>> next_step(store::sql::Connection& sql,
                                                        const Running& one, std::size_t size) {
    if (!one.row) return fail(ErrorCode::corrupt, one.problem);
    const OperationRow& row = *one.row;
    for (const auto& [column, count] :
         {std::pair("done", row.done), std::pair("total", row.total)}) {
        if (count < 0 || count > count_max) return unreadable_operation(row, column);
    }
    if (row.kind == retry_kind) return look_at_retry(sql, row, size);
    return look_at_recovery(sql, row, size);
}

Result<std::vector<WebhookId>> do_step(Transaction& tx, OperationRow& row,
                                       const std::variant<RecoveryStep, RetryStep>& step) {
    // As of this transaction: a disabling that was answered has cancelled everything.
    const auto held = store::realms_table::hold_config_version(tx, row.realm);
    if (!held) {
        if (held.error().code != ErrorCode::not_found) return std::unexpected(held.error());
        row.state = OperationState::failed;
        row.detail = "The realm was deleted.";
        row.finished_at = tx.now();
        return std::vector<WebhookId>{};
    }
    if (const auto* retry = std::get_if<RetryStep>(&step)) return do_retry(tx, row, *retry);
    return do_recovery(tx, row, std::get<RecoveryStep>(step));
}

}  // namespace

Result<Recoveries::Look> Recoveries::look(store::sql::Connection& sql, const RealmId& realm,
                                          const Progress& progress,
                                          const std::set<std::string>& passed_over) {
    POSTRIDER_ASSIGN(auto running, store::operations_table::running(sql, realm));
    std::erase_if(running, [&](const Running& one) {
        return is_of_another_version(one) || passed_over.contains(one.key);
    });
    if (running.empty()) return Look{};
    const auto after = std::ranges::upper_bound(running, progress.last, {}, &Running::key);
    const Running& one = after == running.end() ? running.front() : *after;
    const auto size = progress.sizes.find(one.key);
    auto step = next_step(
        sql, one, size == progress.sizes.end() ? limits::recover_step_deliveries : size->second);
    if (!step) return Look{.key = one.key, .task = std::unexpected(std::move(step).error())};
    return Look{.key = one.key,
                .task = Task{.realm = realm,
                             .operation = one.row->id,
                             .cursor = one.row->cursor,
                             .step = *std::move(step)}};
}

Result<void> Recoveries::do_task(Transaction& tx, const Task& task, const Wake& wake) {
    POSTRIDER_ASSIGN(auto row, store::operations_table::find(tx.sql(), task.realm, task.operation));
    if (!row || row->state != OperationState::running) return {};  // cancelled meanwhile
    if (row->cursor != task.cursor) return {};                     // another node was first
    POSTRIDER_ASSIGN(const auto due, do_step(tx, *row, task.step));
    for (const WebhookId& webhook : due) {
        tx.after_commit([wake, realm = task.realm, webhook, commit = tx.commit_number()] {
            wake(realm, webhook, commit);
        });
    }
    return store::operations_table::update(tx, *row);
}

void Recoveries::proceed() {
    store::read<std::vector<RealmId>>(
        store_, store::Turn::server(),
        [](store::sql::Connection& sql) {
            return store::operations_table::realms_with_running(sql);
        },
        [this](const Result<std::vector<RealmId>>& realms) {
            if (!realms) {
                if (waiting_) waiting_({}, realms.error());
                return;
            }
            for (const RealmId& realm : *realms) proceed(realm);
        },
        store::ReadClass::first);
}

void Recoveries::proceed(const RealmId& realm) {
    {
        const MutexLock lock(mutex_);
        Progress& progress = realms_[realm];
        progress.again = true;
        if (std::exchange(progress.is_under_way, true)) return;
    }
    step(realm);
}

void Recoveries::step(const RealmId& realm) {
    Progress progress;
    std::set<std::string> passed_over;
    {
        const MutexLock lock(mutex_);
        Progress& own = realms_.at(realm);
        own.again = false;
        progress = own;
        const auto found = passed_over_.find(realm);
        if (found != passed_over_.end()) passed_over = found->second;
    }
    store::read<Look>(
        store_, store::Turn::of(realm),
        [realm, progress = std::move(progress), passed_over = std::move(passed_over)](
            store::sql::Connection& sql) { return look(sql, realm, progress, passed_over); },
        [this, realm](Result<Look> found) { looked(realm, std::move(found)); },
        store::ReadClass::lengthy);
}

void Recoveries::looked(const RealmId& realm, Result<Look> look) {
    if (!look) return wait(realm, look.error());
    if (look->key.empty()) return end(realm);
    {
        // Also when it went wrong: the others come first.
        const MutexLock lock(mutex_);
        realms_.at(realm).last = look->key;
    }
    if (!look->task) return went_wrong(realm, look->key, look->task.error());
    write(realm, look->key, *std::move(look->task));
}

void Recoveries::write(const RealmId& realm, const std::string& key, Task task) {
    const auto turn = store::Turn::of(realm, task.operation.uuid);
    store_.write(
        turn, store::WriteClass::ordinary,
        [task = std::make_shared<const Task>(std::move(task)), wake = wake_](Transaction& tx) {
            return do_task(tx, *task, wake);
        },
        [this, realm, key](const Result<void>& done) {
            if (done) return step(realm);
            went_wrong(realm, key, done.error());
        });
}

void Recoveries::went_wrong(const RealmId& realm, const std::string& key, const Error& error) {
    if (store::is_of_the_store(error)) return wait(realm, error);
    if (!took_too_long(error))
        return fail(realm, key, "It cannot be gone on with: " + error.message);
    if (!take_less(realm, key)) return fail(realm, key, takes_too_long);
    step(realm);
}

bool Recoveries::take_less(const RealmId& realm, const std::string& key) {
    const MutexLock lock(mutex_);
    auto& size =
        realms_.at(realm).sizes.try_emplace(key, limits::recover_step_deliveries).first->second;
    if (size == 1) return false;
    size /= 2;
    return true;
}

void Recoveries::fail(const RealmId& realm, const std::string& key, const std::string& reason) {
    {
        const MutexLock lock(mutex_);
        realms_.at(realm).sizes.erase(key);
    }
    store_.write(
        store::Turn::of(realm), store::WriteClass::ordinary,
        [realm, key, reason](Transaction& tx) {
            return store::operations_table::fail(tx, realm, key, reason);
        },
        [this, realm, key](const Result<void>& done) {
            if (done) return step(realm);
            if (store::is_of_the_store(done.error())) return wait(realm, done.error());
            pass_over(realm, key, done.error());
        });
}

void Recoveries::pass_over(const RealmId& realm, const std::string& key, const Error& error) {
    {
        const MutexLock lock(mutex_);
        passed_over_[realm].insert(key);
    }
    store::log_unreadable(error);
    step(realm);
}

void Recoveries::wait(const RealmId& realm, const Error& error) {
    bool goes_on = false;
    {
        const MutexLock lock(mutex_);
        Progress& progress = realms_.at(realm);
        progress.is_under_way = progress.again;
        goes_on = progress.again;
    }
    if (waiting_) waiting_(realm, error);
    if (goes_on) step(realm);
}

void Recoveries::end(const RealmId& realm) {
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(realm);
        if (!found->second.again) {
            realms_.erase(found);
            return;
        }
    }
    step(realm);
}

}  // namespace postrider::webhooks
