#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/steady_time.h"
#include "base/uuid.h"
#include "store/checkpointer.h"
#include "store/disk_reserve.h"
#include "store/sql/sqlite_connection.h"
#include "store/store.h"

namespace postrider::store {

/// The one thread that writes to SQLite: it runs works in groups, each in one transaction (closures
/// under a savepoint each), commits once (fsync), and only then tells anybody.
///
/// A group takes works for limits::writer_group_duration_max at most. Outcomes, publishes and other
/// writes each have their turn in every group, so that none waits for the others' queues; among
/// publishes, and among other writes, realms and their callers take turns (turns.h). A large
/// publish is a group of its own, the next one after its turn has come: nobody else's commit waits
/// for it. Outcomes that nobody waits for begin no group at once: they go with the next one.
///
/// After every error it asks whether SQLite has ended the transaction. If so, nothing of the group
/// has succeeded: on a full disk outcomes and essential writes run again on the reserve and the
/// others are refused; on busy or no memory the group runs again one by one; on an I/O error it is
/// unknown what reached the disk, so the process ends and recovers from the file at its next start
/// (promise 13).
class Writer {
 public:
    Writer(std::unique_ptr<sql::SqliteConnection> connection, Checkpointer& checkpointer,
           DiskReserve reserve, const Clock& clock, Random& random, Uuid last_id);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void write(const Turn& turn, WriteClass write_class, Closure closure, Done done);
    void publish(PublishWork work);
    /// Requires: called before start().
    void set_observer(CommitObserver observer) { observer_ = std::move(observer); }
    void set_publish_handler(PublishHandler handler) { publish_handler_ = std::move(handler); }
    /// Told after a commit how many events of a realm it wrote at most: exactly, for publishes.
    /// Requires: called before start().
    using EventObserver = std::function<void(const RealmId&, std::uint64_t events)>;
    void set_event_observer(EventObserver observer) { event_observer_ = std::move(observer); }
    const std::atomic<CommitNumber>& last_commit() const { return last_commit_; }
    bool is_disk_full() const { return disk_full_.load(std::memory_order_relaxed); }
    void start();
    /// Ends what is queued, then the thread.
    void stop();

 private:
    class GroupTransaction;
    struct ClosureWork {
        Closure closure;
        Done done;
        std::vector<AnswerWait> waits = {};  ///< before its answer, once it has run
    };
    struct Work {
        std::variant<ClosureWork, PublishWork> what;
        WriteClass write_class = WriteClass::ordinary;
    };
    using Queue = TurnQueue<Work>;
    using Entry = Queue::Entry;
    /// A work's answer once it has run; told after the commit.
    using Answer = std::variant<Result<void>, Result<PublishAnswer>>;
    enum class GroupEnd { committed, disk_full, again };
    enum class Kind { outcomes, changes, publishes };
    static constexpr std::size_t kinds = 3;
    /// The works of one transaction.
    struct Group {
        std::vector<Entry> works;
        std::vector<Answer> answers;  ///< of those that have run
        std::array<bool, kinds> had_turn{};
        bool is_complete = false;  ///< nothing more belongs to it
        Kind last = Kind::publishes;
        Monotonic began{};
        std::optional<RealmId> sits_out;  ///< whose change filled the group before
        std::vector<std::pair<RealmId, std::uint64_t>> events;  ///< at most so many, by realm
    };
    /// Savepoints copy every page that is touched. The set operations (publishes, outcomes) fail
    /// only with the database, so in a group they run without; when one does fail, the group runs
    /// again, each work in a transaction and under a savepoint of its own.
    enum class Isolation { trusting, careful };

    void enqueue(Kind kind, Entry entry);
    std::optional<Error> refusal(Kind kind, const Entry& entry) REQUIRES_LOCK(mutex_);
    void run();
    bool wait_for_work();
    void wait_for_company() REQUIRES_LOCK(mutex_);
    void process();
    GroupEnd run_group(Group& group, Isolation isolation);
    bool run_works(GroupTransaction& tx, Group& group, Isolation isolation);
    Result<void> run_next(GroupTransaction& tx, Group& group, Isolation isolation);
    bool take_slice(Group& group);
    bool take_slice_of(Kind kind, Group& group) REQUIRES_LOCK(mutex_);
    bool has_works(Kind kind) const REQUIRES_LOCK(mutex_);
    std::optional<Kind> next_kind(const Group& group) REQUIRES_LOCK(mutex_);
    bool has_turn(Kind kind, const Group& group) const REQUIRES_LOCK(mutex_);
    void put_back(Group& group, std::size_t from);
    void charge(Group& group, const Entry& entry, std::uint64_t rows);
    bool is_idle() const REQUIRES_LOCK(mutex_);
    Queue& queue_of(Kind kind) REQUIRES_LOCK(mutex_) {
        return queues_[static_cast<std::size_t>(kind)];
    }
    /// Runs `what` and gives its error; under a savepoint, its changes are taken back then.
    Result<void> run_guarded(GroupTransaction& tx, Isolation isolation,
                             const std::function<Result<void>()>& what);
    /// How many it did.
    Result<std::size_t> run_publishes(GroupTransaction& tx, std::vector<PublishWork*>& works,
                                      std::span<Answer> answers, Isolation isolation);
    void run_alone(Entry entry);
    Result<void> finish_group();
    void observe(Duration duration, std::size_t works);
    GroupEnd abort_group();
    bool has_room_to_copy();
    void make_room();
    void disk_is_full(std::vector<Entry> works);
    void run_on_reserve(Entry entry);
    void try_disk_again();
    static void tell(Work& work, Answer answer);
    static void pass_on(Work& work, Answer answer);
    static void refuse(Work& work, const Error& error);

    std::unique_ptr<sql::SqliteConnection> sql_;
    Checkpointer& checkpointer_;
    DiskReserve reserve_;
    const Clock& clock_;
    BufferedRandom random_;
    UuidMinter minter_;
    SteadyTime steady_;
    Uuid committed_last_id_;
    PublishHandler publish_handler_;
    CommitObserver observer_;
    EventObserver event_observer_;
    std::atomic<CommitNumber> last_commit_{0};
    std::atomic<bool> disk_full_{false};

    Mutex mutex_;
    Condition changed_;
    std::array<Queue, kinds> queues_ GUARDED_BY(mutex_);
    std::optional<RealmId> filled_a_group_;                    ///< the writer's thread
    bool is_unhurried_ GUARDED_BY(mutex_) = false;             ///< all that waits
    std::optional<Entry> put_off_ GUARDED_BY(mutex_);          ///< the next group
    std::size_t essential_on_reserve_ GUARDED_BY(mutex_) = 0;  ///< since the disk is full
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace postrider::store
