#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "base/time.h"

namespace postrider::access {

/// Who tries to log in, as far as it can be seen from outside.
struct Comer {
    std::string realm;
    std::string account;  ///< with its realm
    std::string network;  ///< an address, or what is one customer's
    std::string group;    ///< networks that are likely one's: they share what they may take
};

/// What slows down guessing. An account's attempts wait longer with each failure, at most
/// limits::login_delay_max: nobody is locked out by others. Who comes from one network has one
/// attempt of an account at a time, and a few in all. In all limits::logins_waiting_max may wait
/// for their delay; beyond it the newest gives way of the realm that has most waiting, there of the
/// group that has (then: that failed most of late), and there of the account that has. So who
/// floods pushes out their own, and who has none waiting gets in.
/// Thread-safety: any thread.
class LoginThrottle {
 public:
    struct Admitted {
        std::uint64_t ticket;
        Duration wait;        ///< before the password is looked at
        std::uint64_t blame;  ///< failures of the group of late
    };
    /// nullopt: too many from there are under way already. What was let in is to leave().
    std::optional<Admitted> enter(const Comer& comer, Monotonic now);
    /// Before a wait. `gives_way` is called at most once, on any thread, when somebody else takes
    /// its place before wait_is_over(); it owns what waits. False: it cannot wait, and `gives_way`
    /// is dropped.
    bool wait_in_line(std::uint64_t ticket, std::function<void()> gives_way);
    /// False: it gave way.
    bool wait_is_over(std::uint64_t ticket);
    enum class Outcome { succeeded, failed, unknown };
    void leave(std::uint64_t ticket, Outcome outcome, Monotonic now);

 private:
    struct Failures {
        std::size_t count = 0;
        Monotonic last{};
    };
    using FailuresOf = std::unordered_map<std::string, Failures>;
    /// How many wait, by a name; what is 0 is not in it.
    using Counts = std::unordered_map<std::string, std::size_t>;
    struct InLine {
        std::function<void()> gives_way;
        Counts::value_type* realm;  ///< of in_line_, as the next two
        Counts::value_type* group;
        Counts::value_type* account;
        std::uint64_t blame;
    };
    struct Entry {
        Comer comer;
        std::uint64_t blame;
    };

    static std::size_t count_of(const FailuresOf& failures, const std::string& name, Monotonic now);
    static void remember(FailuresOf& failures, const std::string& name, Monotonic now);
    void leave_line(std::uint64_t ticket) REQUIRES_LOCK(mutex_);
    std::uint64_t heaviest() const REQUIRES_LOCK(mutex_);

    Mutex mutex_;
    FailuresOf failures_ GUARDED_BY(mutex_);                               ///< by account
    FailuresOf failures_there_ GUARDED_BY(mutex_);                         ///< by group
    std::unordered_map<std::uint64_t, Entry> entries_ GUARDED_BY(mutex_);  ///< by ticket
    std::set<std::pair<std::string, std::string>> under_way_ GUARDED_BY(mutex_);
    Counts per_network_ GUARDED_BY(mutex_);
    std::map<std::uint64_t, InLine> line_ GUARDED_BY(mutex_);  ///< by ticket: in order of coming
    Counts in_line_ GUARDED_BY(mutex_);                        ///< of realms, groups and accounts
    std::uint64_t last_ticket_ GUARDED_BY(mutex_) = 0;
};

}  // namespace postrider::access
