#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/uuid.h"
#include "store/closure_lanes.h"
#include "store/commit_order.h"
#include "store/postgresql_cluster.h"
#include "store/postgresql_link.h"
#include "store/postgresql_statistics.h"
#include "store/realm_turns.h"
#include "store/store.h"

namespace postrider::store {

/// Writes to PostgreSQL on several connections, each with a thread (a lane): one takes all
/// publishes that wait as one set operation (up to limits::publish_rows_at_once rows), one the
/// batches of outcomes, the others run closures, each in a serializable transaction of its own.
/// Among publishes, and among closures, realms and their callers take turns (turns.h); how many
/// closures of a realm run at once is bounded (closure_lanes.h).
///
/// Publishes to a realm that is just changing how its events match wait on a connection of their
/// own, realm by realm, so that nobody else waits for that change.
///
/// Deadlocks and failed serializations run again. Without the database, publishes and closures are
/// refused at once, outcomes wait. When the connection breaks during COMMIT nobody is told anything
/// until the database has said whether it took place: each lane writes the transaction's number
/// into its own row, in the transaction.
/// Thread-safety: any thread.
class PostgresqlWriter {
 public:
    /// `node` is what its rows in postrider_writers begin with.
    PostgresqlWriter(const std::string& url, const Uuid& node, PostgresqlCluster& cluster,
                     CommitOrder& order, const Clock& clock, Random& random, Uuid last_id,
                     CommitObserver observer);
    ~PostgresqlWriter() { stop(); }
    PostgresqlWriter(const PostgresqlWriter&) = delete;
    PostgresqlWriter& operator=(const PostgresqlWriter&) = delete;

    void write(const Turn& turn, WriteClass write_class, Closure closure, Done done);
    void publish(PublishWork work);
    void set_publish_handler(PublishHandler handler) { publish_handler_ = std::move(handler); }
    Uuid last_id() const;
    /// What it mints from now on is above `id`.
    void mint_above(const Uuid& id);
    /// Ends what is queued, then the threads. Without the database what is queued is refused.
    void stop();

 private:
    class LaneTransaction;
    struct ClosureWork {
        Closure closure;
        Done done;
    };
    using Work = std::variant<ClosureWork, PublishWork>;
    enum class Kind { outcomes, publishes, delayed_publishes, closures };
    static constexpr std::size_t kinds = 4;
    using Entry = RealmTurns<Work>::Entry;
    struct Queue {
        RealmTurns<Work> works;
        Condition changed{};
        std::optional<Entry> put_off{};  ///< a large publish, which is next, alone
    };
    struct Lane {
        Lane(Kind lane_kind, PostgresqlLink lane_link, std::string lane_slot)
            : kind(lane_kind), link(std::move(lane_link)), slot(std::move(lane_slot)) {}
        Kind kind;
        PostgresqlLink link;
        std::string slot;  ///< of its row in postrider_writers, in hex
        std::thread thread;
    };
    enum class End {
        committed,
        refused,    ///< by the closure, or a statement of it failed
        again,      ///< another transaction was in the way
        lost,       ///< the database is gone, and nothing was committed
        undecided,  ///< the database is gone, and the server stops before it tells
        alone,      ///< it must hold off others before it begins
    };
    struct Ran {
        End end = End::committed;
        Error error;
        std::uint64_t spoken = 0;  ///< what the other nodes must take in before anybody is told
    };
    using Body = std::function<Result<void>(Transaction&)>;
    /// What does not run, on any node, while a transaction does.
    struct HeldOff {
        bool outcomes = false;
        std::set<RealmId> matching;  ///< publishes to these, and changes of who matches
        bool is_any() const { return outcomes || !matching.empty(); }
    };

    void enqueue(Kind kind, Entry entry);
    Queue& queue_of(Kind kind) REQUIRES_LOCK(mutex_) {
        return queues_[static_cast<std::size_t>(kind)];
    }
    void run(Lane& lane);
    std::vector<Entry> take(Lane& lane);
    std::optional<Entry> next(Kind kind) REQUIRES_LOCK(mutex_);
    static bool is_large(const Entry& entry);
    void ended(const RealmId& realm, Duration took);
    void note_who_may_begin() REQUIRES_LOCK(mutex_);
    void charge(Kind kind, const Turn& turn, std::uint64_t cost);
    bool is_over(Kind kind) REQUIRES_LOCK(mutex_);
    bool has_ended(Kind kind);
    bool is_stopping();
    void run_outcomes(Lane& lane, Work work);
    /// How long its transactions took, without what it waited for others to be alone.
    Duration run_closure(Lane& lane, Work work);
    Ran run_beside_others(Lane& lane, const Body& body, Duration& took);
    void run_publishes(Lane& lane, std::vector<Entry> works);
    void delay(std::vector<Entry> works);
    static std::vector<Entry> take_out(std::vector<Entry>& works, const std::set<RealmId>& realms);
    void put_back(Kind kind, std::vector<Entry> works);
    Ran repeat(Lane& lane, const std::string& begin, const Body& body, bool no_outcomes = false);
    Ran transact(Lane& lane, const std::string& begin, const Body& body, bool no_outcomes);
    Ran transact_once(Lane& lane, const std::string& begin, const Body& body, HeldOff& held_off);
    Ran give_up(Lane& lane, const Error& error);
    Ran commit(Lane& lane, LaneTransaction& tx);
    std::optional<bool> resolve(Lane& lane, CommitNumber number);
    Result<sql::PostgresqlConnection*> connect(Lane& lane);
    void renew_statistics(Lane& lane);
    Result<void> make_row(Lane& lane, sql::PostgresqlConnection& sql);
    void refuse_waiting();
    void pause(Lane& lane);
    void observe(Kind kind, Duration duration, std::size_t works);

    PostgresqlCluster& cluster_;
    CommitOrder& order_;
    const Clock& clock_;
    PublishHandler publish_handler_;
    CommitObserver observer_;
    std::atomic<bool> is_down_{false};
    PostgresqlStatistics statistics_;
    /// A closure that ran into another runs again alone. Who wants to waits in the turn, and nobody
    /// passes it: the mutex alone would let others on for ever.
    std::shared_mutex closures_mutex_;
    std::mutex closures_turn_;

    mutable Mutex mint_mutex_;
    BufferedRandom random_ GUARDED_BY(mint_mutex_);
    UuidMinter minter_ GUARDED_BY(mint_mutex_);

    Mutex mutex_;
    std::array<Queue, kinds> queues_ GUARDED_BY(mutex_);
    ClosureLanes closure_lanes_ GUARDED_BY(mutex_);
    bool stopping_ GUARDED_BY(mutex_) = false;
    bool have_publishes_ended_ GUARDED_BY(mutex_) = false;  ///< none is delayed any more
    std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace postrider::store
