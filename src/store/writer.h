#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/uuid.h"
#include "store/checkpointer.h"
#include "store/disk_reserve.h"
#include "store/sql/sqlite_connection.h"
#include "store/store.h"

namespace postrider::store {

/// The one thread that writes to SQLite: it takes all that waits, runs each work in one transaction
/// (closures under a savepoint each), commits once (fsync), and only then tells anybody.
///
/// After every error it asks whether SQLite has ended the transaction. If so, nothing of the group
/// has succeeded: on a full disk publishes are refused and outcomes run again on the reserve; on
/// busy or no memory the group runs again one by one; on an I/O error it is unknown what reached
/// the disk, so the process ends and recovers from the file at its next start (promise 13).
class Writer {
 public:
    Writer(std::unique_ptr<sql::SqliteConnection> connection, Checkpointer& checkpointer,
           DiskReserve reserve, const Clock& clock, Random& random, Uuid last_id);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void write(WriteClass write_class, Closure closure, Done done);
    void publish(PublishWork work);
    /// Requires: called before start().
    void set_observer(CommitObserver observer) { observer_ = std::move(observer); }
    void set_publish_handler(PublishHandler handler) { publish_handler_ = std::move(handler); }
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
    };
    struct Work {
        std::variant<ClosureWork, PublishWork> what;
        WriteClass write_class = WriteClass::ordinary;
        std::size_t bytes = 0;
    };
    /// A work's answer once it has run; told after the commit.
    using Answer = std::variant<Result<void>, Result<PublishAnswer>>;
    enum class GroupEnd { committed, disk_full, again };
    /// Savepoints copy every page that is touched. The set operations (publishes, outcomes) fail
    /// only with the database, so in a group they run without; when one does fail, the group runs
    /// again, each work in a transaction and under a savepoint of its own.
    enum class Isolation { trusting, careful };

    void enqueue(Work work);
    void run();
    std::vector<Work> take_group();
    void process(std::vector<Work> group);
    GroupEnd run_group(std::vector<Work>& group, std::vector<Answer>& answers, Isolation isolation);
    bool run_works(GroupTransaction& tx, std::vector<Work>& group, std::vector<Answer>& answers,
                   Isolation isolation);
    void put_back(std::vector<Work>& group, std::size_t from);
    /// Runs `what` and gives its error; under a savepoint, its changes are taken back then.
    Result<void> run_guarded(GroupTransaction& tx, Isolation isolation,
                             const std::function<Result<void>()>& what);
    /// How many it did.
    Result<std::size_t> run_publishes(GroupTransaction& tx, std::vector<PublishWork*>& works,
                                      std::span<Answer> answers, Isolation isolation);
    void run_alone(Work work);
    Result<void> finish_group(GroupTransaction& tx);
    void observe(Duration duration, std::size_t works);
    GroupEnd abort_group();
    void disk_is_full(std::vector<Work> group);
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
    Uuid committed_last_id_;
    PublishHandler publish_handler_;
    CommitObserver observer_;
    std::atomic<CommitNumber> last_commit_{0};
    std::atomic<bool> disk_full_{false};

    Mutex mutex_;
    Condition changed_;
    std::deque<Work> outcomes_ GUARDED_BY(mutex_);
    std::deque<Work> ordinary_ GUARDED_BY(mutex_);
    std::size_t ordinary_bytes_ GUARDED_BY(mutex_) = 0;
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace postrider::store
