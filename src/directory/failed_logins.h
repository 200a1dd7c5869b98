#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/store.h"

namespace postrider::directory {

/// Logins that failed, for the audit log: a row for each account and
/// limits::failed_logins_row_interval says how many there were, and from where the last one came.
/// At most limits::failed_logins_rows_max accounts have one in that time; the rest is counted in a
/// row of the realm. Thread-safety: any thread.
class FailedLogins {
 public:
    using After = std::function<void(Duration, std::function<void()>)>;
    /// What is told of each interval, for the log of the server.
    struct Summary {
        std::size_t failures = 0;
        std::size_t accounts = 0;
        std::string address;  ///< of the last one
    };

    FailedLogins(store::Store& store, const Clock& clock, After after,
                 std::function<void(const Summary&)> tell)
        : store_(store), clock_(clock), after_(std::move(after)), tell_(std::move(tell)) {}

    /// `user`: whose account it is; none: there is no such account, or nobody can log in to it.
    void note(const RealmId& realm, std::optional<UserId> user, const std::string& address);

 private:
    struct Account {
        RealmId realm;
        std::optional<UserId> user;
        auto operator<=>(const Account&) const = default;
    };
    struct Tally {
        std::size_t count = 0;
        std::string address;
    };
    using Tallies = std::map<Account, Tally>;

    void flush();

    store::Store& store_;
    const Clock& clock_;
    const After after_;
    const std::function<void(const Summary&)> tell_;
    Mutex mutex_;
    Tallies tallies_ GUARDED_BY(mutex_);
    std::optional<Monotonic> flushed_at_ GUARDED_BY(mutex_);
    bool is_scheduled_ GUARDED_BY(mutex_) = false;
};

}  // namespace postrider::directory
