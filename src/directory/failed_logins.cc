#include "directory/failed_logins.h"

#include <algorithm>

#include "audit/record.h"
#include "base/json.h"
#include "model/limits.h"
#include "store/tables.h"

namespace postrider::directory {

void FailedLogins::note(const RealmId& realm, std::optional<UserId> user,
                        const std::string& address) {
    Duration wait{0};
    {
        const MutexLock lock(mutex_);
        Account account{realm, user};
        // Beyond the accounts that have a row of their own, by realm; never in another realm's row.
        if (tallies_.size() >= limits::failed_logins_rows_max && !tallies_.contains(account)) {
            account.user.reset();
        }
        if (tallies_.size() >= limits::failed_logins_tallies_max && !tallies_.contains(account)) {
            return;
        }
        Tally& tally = tallies_[account];
        ++tally.count;
        tally.address = address;
        if (is_scheduled_) return;
        is_scheduled_ = true;
        const Monotonic now = clock_.monotonic();
        if (flushed_at_ && now - *flushed_at_ < limits::failed_logins_row_interval) {
            wait = limits::failed_logins_row_interval -
                   std::chrono::duration_cast<Duration>(now - *flushed_at_);
        }
    }
    if (wait <= Duration{0}) return flush();
    after_(wait, [this] { flush(); });
}

void FailedLogins::flush() {
    Tallies tallies;
    {
        const MutexLock lock(mutex_);
        tallies.swap(tallies_);
        flushed_at_ = clock_.monotonic();
        is_scheduled_ = false;
    }
    Summary summary{.failures = 0, .accounts = tallies.size(), .address = {}};
    for (const auto& [account, tally] : tallies) {
        summary.failures += tally.count;
        summary.address = tally.address;
    }
    tell_(summary);
    store_.write(
        store::Turn::server(), store::WriteClass::ordinary,
        [tallies](store::Transaction& tx) -> Result<void> {
            for (const auto& [account, tally] : tallies) {
                POSTRIDER_ASSIGN(const auto realm,
                                 store::realms_table::find(tx.sql(), account.realm));
                if (!realm) continue;
                std::string detail;
                json::Writer writer(detail);
                writer.begin_object();
                writer.member("count", tally.count);
                writer.member("address", tally.address);
                writer.member("account", account.user ? "known" : "unknown");
                writer.end_object();
                POSTRIDER_TRY(
                    audit::record(tx, Actor::system("login"),
                                  {.realm = account.realm,
                                   .action = "login.fail",
                                   .resource_id = account.user ? account.user->to_string()
                                                               : account.realm.to_string(),
                                   .detail = std::move(detail)}));
            }
            return {};
        },
        // The metric and the log have them all the same.
        [](const Result<void>&) {});
}

}  // namespace postrider::directory
