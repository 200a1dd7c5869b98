#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/store.h"

namespace postrider::store {

/// A connection for reading, of one reader's thread.
class ReadSource {
 public:
    virtual ~ReadSource() = default;
    /// Begins a snapshot. Its connection lives until end(). A statement that still runs after
    /// `budget`, or begins or goes on to its next row then, ends with the problem
    /// "filter-too-wide".
    virtual Result<sql::Connection*> begin(Duration budget) = 0;
    /// Whether this snapshot was ended so.
    virtual bool ran_out() const = 0;
    virtual void end() = 0;
};

/// Threads that run reads, each on its own connection inside one read transaction.
///
/// Reads of the first class have a thread of their own, and go before the others on those for
/// ordinary reads. An ordinary read has limits::read_duration_first there. If it needs more, it
/// runs once again on the thread for long reads, with limits::read_duration_max: costly filters
/// hold up each other, and nobody else. A lengthy read begins there. Who has several long ones
/// there already has the next at once among them, too. In each queue realms and their callers take
/// turns by the time that their reads took.
/// Thread-safety: any thread.
class ReaderPool {
 public:
    struct Sources {
        std::vector<std::unique_ptr<ReadSource>> first;
        std::vector<std::unique_ptr<ReadSource>> ordinary;
        std::vector<std::unique_ptr<ReadSource>> long_ones;
    };
    /// As many of each as limits.h says. `make()` makes one.
    static Result<Sources> make_sources(
        const std::function<Result<std::unique_ptr<ReadSource>>()>& make);

    /// `seen` gives the number up to which a snapshot that begins afterwards sees every commit.
    /// `duration_first` is what an ordinary read has before it counts as long.
    ReaderPool(Sources sources, Duration duration_first, const Clock& clock,
               std::function<CommitNumber()> seen);
    ~ReaderPool();
    ReaderPool(const ReaderPool&) = delete;
    ReaderPool& operator=(const ReaderPool&) = delete;

    void read(const Turn& turn, ReadClass read_class, Store::Reader reader);
    std::size_t waiting() const;
    /// Ends what is queued, then the threads.
    void stop();

 private:
    enum class Kind { first, ordinary, long_one };
    static constexpr std::size_t kinds = 3;
    static Kind kind_of(ReadClass read_class);
    using Queue = TurnQueue<Store::Reader>;
    struct Taken {
        Kind kind;
        Queue::Entry entry;
    };
    /// Long reads that wait or run, by realm and by caller.
    class LongOnes {
     public:
        void add(const Turn& turn);
        void remove(const Turn& turn);
        /// The next one of theirs is taken for a long one.
        bool are_many(const Turn& turn) const;

     private:
        std::map<std::pair<RealmId, std::optional<Uuid>>, std::size_t> counts_;
    };
    class ReadSnapshot;

    void start(std::vector<std::unique_ptr<ReadSource>>& sources, Kind kind);
    void run(ReadSource& source, Kind kind);
    std::optional<Taken> take(Kind kind);
    Duration budget_of(const Taken& taken) const;
    std::optional<Kind> waiting_for(Kind kind) REQUIRES_LOCK(mutex_);
    /// Whether it ran out of its first time, and must run again.
    bool run_one(ReadSource& source, const Taken& taken);
    void finish(Taken taken, bool runs_again, Duration took);
    Queue& queue_of(Kind kind) REQUIRES_LOCK(mutex_) {
        return queues_[static_cast<std::size_t>(kind)];
    }

    Sources sources_;
    const Duration duration_first_;
    const Clock& clock_;
    std::function<CommitNumber()> seen_;
    mutable Mutex mutex_;
    std::array<Condition, kinds> changed_;
    std::array<Queue, kinds> queues_ GUARDED_BY(mutex_);
    LongOnes long_ones_ GUARDED_BY(mutex_);
    std::size_t running_ordinary_ GUARDED_BY(mutex_) = 0;  ///< each may become a long one
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

}  // namespace postrider::store
