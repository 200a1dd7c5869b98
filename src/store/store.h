#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_guard.h"
#include "base/result.h"
#include "base/time.h"
#include "model/event.h"
#include "model/ids.h"
#include "model/turn_limits.h"
#include "store/answer_waits.h"
#include "store/cluster.h"
#include "store/sql/connection.h"
#include "store/turns.h"

namespace postrider::store {

/// The number of a commit of this process; ascends. A read knows those that it has surely seen.
using CommitNumber = std::uint64_t;

/// What Transaction::tidy() goes by.
struct TidyStep {
    Duration retention;  ///< no realm keeps its log for longer
    Duration lock_wait;  ///< for tables that others use; everybody waits behind it
};

/// One durable commit, for metrics.
struct CommitReport {
    Duration duration{0};     ///< of the COMMIT alone: the fsync
    std::size_t works = 0;    ///< that shared it
    std::size_t waiting = 0;  ///< that have queued meanwhile
    std::uint64_t wal_bytes = 0;
};
using CommitObserver = std::function<void(const CommitReport&)>;

/// A write in progress, given to a closure. It sees its own changes; nothing of it is visible to
/// others, and none of its after_commit tasks runs, before the commit is durable.
/// Thread-safety: the writer's thread only, for the duration of the closure.
class Transaction {
 public:
    virtual ~Transaction() = default;
    virtual sql::Connection& sql() = 0;
    /// When this transaction takes place; the same for the whole of a group.
    virtual Timestamp now() const = 0;
    /// An id above every id in the store, also when the clock went back; ascends in commit order.
    virtual Uuid mint() = 0;
    template <typename IdType>
    IdType mint_id() {
        return IdType{mint()};
    }
    /// The number that its commit will have.
    virtual CommitNumber commit_number() const = 0;
    /// Runs `task` on the writer's thread after the durable commit, in order; never if this closure
    /// is rolled back. It must be short and must not write.
    virtual void after_commit(std::function<void()> task) = 0;
    /// It changes what every node keeps in memory: who waits for this write is told when all of
    /// them go by it. A store of one node has nobody to tell.
    virtual void announce(const Announcement& /*what*/) {}
    /// Events of `realm` match otherwise from this transaction on. Every publish that goes by what
    /// was before is seen by it, and none begins before it ends.
    virtual Result<void> change_matching(const RealmId& /*realm*/) { return {}; }
    /// Events of `realm` match as this transaction reads it until it ends.
    virtual Result<void> hold_matching(const RealmId& /*realm*/) { return {}; }
    /// A step of what the store does about rows that nobody keeps any more: it drops what holds
    /// them as a whole, and gives room back to the disk. Whether there is more. Requires: it is the
    /// first that its closure does. Errors: unavailable, when others hold what it needs.
    virtual Result<bool> tidy(const TidyStep& step) = 0;
    /// What is minted from now on is above `id`, which another node's clock may have put ahead.
    virtual void mint_above(const Uuid& /*id*/) {}

    /// Whoever asked for this work is answered once `wait` has called back, after the commit: for
    /// what the work leaves to be done in later transactions. Outcomes do not wait for it.
    void answer_after(AnswerWait wait) { waits_.push_back(std::move(wait)); }
    bool has_waits() const { return !waits_.empty(); }
    /// How many deliveries this work has written so far: who writes many leaves some for later.
    std::size_t deliveries_written() const { return deliveries_written_; }
    void count_deliveries(std::size_t count) { deliveries_written_ += count; }
    /// How much this work has held events against filters so far, in units of events/filter.h.
    std::size_t filter_work() const { return filter_work_; }
    void count_filter_work(std::size_t units) { filter_work_ += units; }
    /// The trace that the request of this work belongs to (model/trace.h), "" for none: what it
    /// publishes belongs to it, too. Set by RealmStore.
    const std::string& trace() const { return trace_; }
    void set_trace(std::string_view trace) { trace_ = trace; }
    /// For the store: the work has ended, and the next one may begin. Gives what its answer waits
    /// for.
    std::vector<AnswerWait> end_work() {
        deliveries_written_ = 0;
        filter_work_ = 0;
        return std::exchange(waits_, {});
    }

 private:
    std::vector<AnswerWait> waits_;
    std::size_t deliveries_written_ = 0;
    std::size_t filter_work_ = 0;
    std::string trace_;
};

/// A consistent view of the store, for reading. Lasts at most limits::read_duration_max, or for the
/// server's own turn limits::read_duration_server, what is done with its rows included
/// (sql::Connection::check_time()).
class Snapshot {
 public:
    virtual ~Snapshot() = default;
    virtual sql::Connection& sql() = 0;
    /// Every commit up to this one is seen (later ones may be).
    virtual CommitNumber commit_number() const = 0;
    /// An ordinary read has a short time at first. One that needs longer is ended, and runs again
    /// where the long ones do: it must not answer then. False for a read of another class, and when
    /// it runs for the second time.
    virtual bool runs_again() const = 0;
};

/// May run twice (after a conflict), so it captures by value and changes nothing outside of `tx`
/// but through after_commit. An error that it returns rolls back this closure alone. It stays under
/// limits::closure_duration_max: hashing, parsing, sealing happen before it.
using Closure = std::function<Result<void>(Transaction&)>;
/// Called once: on the writer's thread after the durable commit, or with the error; from any thread
/// where it waits for more (Transaction::answer_after).
using Done = std::function<void(Result<void>)>;

enum class WriteClass {
    ordinary,
    /// Like ordinary, but on a full disk it goes through on the reserve: what frees room, and what
    /// somebody needs to secure the server (log in, revoke, disable, delete).
    essential,
    outcomes,  ///< in every group, with its own room in the queue and the disk reserve
    /// Outcomes that nobody waits for: with the next commit that somebody does wait for, or
    /// limits::unhurried_commit_after later.
    unhurried_outcomes,
};
constexpr bool are_outcomes(WriteClass write_class) {
    return write_class == WriteClass::outcomes || write_class == WriteClass::unhurried_outcomes;
}
enum class ReadClass {
    ordinary,
    first,    ///< before the others, on threads of its own: sessions, tokens, refills of lanes
    lengthy,  ///< long by nature: at once among the long ones, so that nobody pays for finding out
};

struct IdempotencyKey {
    std::string route;  ///< operationId: the scope beside the realm
    std::string key;
    std::string body_sha256;  ///< 32 raw bytes
};

struct PublishWork;

struct PublishAnswer {
    std::string body;       ///< JSON of the 202
    bool replayed = false;  ///< an earlier answer of the same idempotency key
    EventId first;          ///< of the events, whose ids ascend; nil when it is replayed
    std::size_t rows = 0;   ///< that were written for it
    /// Set when deliveries of it are still to be written: calls back, from any thread, when they
    /// are. Whoever asked hears of the publish then.
    AnswerWait when_written;
    /// Set when nothing of it was written and there is something to do first: it gets the work,
    /// from any thread, and publishes it again.
    std::function<void(PublishWork)> instead;
};

enum class PublishShape { single, batch };

/// To whom the events of a work go, as somebody has found out before its transaction.
struct PublishMatches {
    std::int64_t config_version = 0;               ///< of its realm; they hold for this one alone
    std::vector<std::vector<WebhookId>> webhooks;  ///< of each event
    unsigned tries = 0;                            ///< how often somebody has
};

/// Events of one call: all are accepted, or none.
struct PublishWork {
    RealmId realm;
    Uuid who;  ///< whose turn it is within the realm, as in Turn
    PublishShape shape = PublishShape::single;
    std::vector<NewEvent> events;
    std::string trace = {};  ///< that they belong to (model/trace.h); "" for none
    std::optional<IdempotencyKey> key;
    EventOrigin origin = EventOrigin::api;
    std::optional<PublishMatches> matches;
    std::function<void(Result<PublishAnswer>)> done;
};

/// For the store: hands the answer to whoever waits for it.
inline void answer(PublishWork& work, Result<PublishAnswer> given) {
    if (!given || !given->instead) return work.done(std::move(given));
    const auto instead = std::move(given->instead);
    instead(std::move(work));
}

/// Whether it is more than others should wait for before their commit. `bytes`: of its events.
inline bool has_own_transaction(const PublishWork& work, std::size_t bytes) {
    return work.events.size() > limits::publish_large_events || bytes > limits::publish_large_bytes;
}

/// Does the publishes of a group inside one transaction. `answers[i]` belongs to `works[i]`; a work
/// that is refused has written nothing. Returns how many of them it did, from the first on, and at
/// least one: those that follow are too much for this transaction. An error of the handler itself
/// is the database's and fails all of them. Supplied by events/, which the store does not know.
using PublishHandler = std::function<Result<std::size_t>(
    Transaction&, std::span<PublishWork*> works, std::span<Result<PublishAnswer>> answers)>;

/// The one door to the database: durable writes in groups, and snapshots to read.
/// Realms take turns, and callers within a realm (turns.h): publishes by the rows that they write,
/// other writes too but in turns of their own, reads by the time that they take.
/// Thread-safety: any thread. Full queues answer `unavailable` at once; nothing blocks the caller.
class Store {
 public:
    virtual ~Store() = default;

    virtual void write(const Turn& turn, WriteClass write_class, Closure closure, Done done) = 0;
    virtual void publish(PublishWork work) = 0;
    using Reader = std::function<void(Result<Snapshot*>)>;
    /// Calls `reader` on a reader's thread with a snapshot that lasts until it returns, or at once
    /// with the reason why there is none. Once, or twice: see Snapshot::runs_again().
    virtual void read(const Turn& turn, ReadClass read_class, Reader reader) = 0;

    /// Requires: called once, before the first publish.
    virtual void set_publish_handler(PublishHandler handler) = 0;
    virtual CommitNumber last_commit() const = 0;
    /// When it was last written to before this process opened it; nullopt: it is new.
    virtual std::optional<Timestamp> last_run() const = 0;
    /// True while the disk is full: publishes are refused with 507.
    virtual bool is_disk_full() const = 0;
    /// Reads that wait for a reader.
    virtual std::size_t reads_waiting() const = 0;
    /// The nodes that share it; nullptr: it has only this one.
    virtual Cluster* cluster() { return nullptr; }
    /// How much of the log is dropped as a whole where rows are kept for `retention` at most; 0:
    /// rows are deleted one by one, each when its time has come.
    virtual Duration dropped_at_once(Duration /*retention*/) const { return Duration{0}; }
    /// Ends everything queued before it, then the threads. Later calls answer `unavailable`.
    virtual void stop() = 0;
};

/// What write() with a value hands to `write(closure, done)`.
template <typename T, typename Write, typename F, typename D>
void write_value(Write write, F closure, D done) {
    auto value = std::make_shared<std::optional<T>>();
    write(
        [closure = std::move(closure), value](Transaction& tx) -> Result<void> {
            auto result = closure(tx);
            if (!result) return std::unexpected(std::move(result).error());
            *value = std::move(*result);
            return {};
        },
        [done = std::move(done), value](Result<void> result) {
            if (result) {
                done(Result<T>(std::move(**value)));
            } else {
                done(Result<T>(std::unexpected(std::move(result).error())));
            }
        });
}

/// write() with a value: `closure(Transaction&)` returns Result<T>, `done(Result<T>)` gets it.
template <typename T, typename F, typename D>
void write(Store& store, const Turn& turn, WriteClass write_class, F closure, D done) {
    write_value<T>(
        [&](Closure run, Done tell) {
            store.write(turn, write_class, std::move(run), std::move(tell));
        },
        std::move(closure), std::move(done));
}

/// What read() with a value hands to a store.
template <typename T, typename F, typename D>
Store::Reader read_value(F reader, D done) {
    return [reader = std::move(reader), done = std::move(done)](Result<Snapshot*> snapshot) {
        if (!snapshot) return done(Result<T>(std::unexpected(std::move(snapshot).error())));
        auto result = guard_memory([&]() -> Result<T> { return reader((*snapshot)->sql()); });
        if (!result && (*snapshot)->runs_again()) return;
        done(std::move(result));
    };
}

/// read() with a value: `reader(sql::Connection&)` returns Result<T>, `done(Result<T>)` gets it.
/// `reader` may run twice, and changes nothing outside.
template <typename T, typename F, typename D>
void read(Store& store, const Turn& turn, F reader, D done,
          ReadClass read_class = ReadClass::ordinary) {
    store.read(turn, read_class, read_value<T>(std::move(reader), std::move(done)));
}

}  // namespace postrider::store
