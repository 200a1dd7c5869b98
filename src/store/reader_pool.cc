#include "store/reader_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/memory_guard.h"
#include "base/thread.h"
#include "model/limits.h"

namespace postrider::store {
namespace {

// A read is charged for every 10 us: a short one costs a few, beside the 1 of its turn.
constexpr Duration charged_for{10};
// Lists come after commits, deliveries and logins (nice 1), and before the parsing of long bodies
// (19): who asks for one after the other takes no core from who logs in.
constexpr int ordinary_reads_niceness = 4;
constexpr int long_reads_niceness = 10;

Result<void> add(std::vector<std::unique_ptr<ReadSource>>& sources, std::size_t count,
                 const std::function<Result<std::unique_ptr<ReadSource>>()>& make) {
    for (std::size_t i = 0; i < count; ++i) {
        POSTRIDER_ASSIGN(auto source, make());
        sources.push_back(std::move(source));
    }
    return {};
}

}  // namespace

void ReaderPool::LongOnes::add(const Turn& turn) {
    counts_[{turn.realm, std::nullopt}] += 1;
    counts_[{turn.realm, turn.who}] += 1;
}

void ReaderPool::LongOnes::remove(const Turn& turn) {
    for (const std::optional<Uuid>& who : {std::optional<Uuid>(), std::optional(turn.who)}) {
        const auto found = counts_.find({turn.realm, who});
        if (--found->second == 0) counts_.erase(found);
    }
}

bool ReaderPool::LongOnes::are_many(const Turn& turn) const {
    const auto count = [&](const std::optional<Uuid>& who) {
        const auto found = counts_.find({turn.realm, who});
        return found == counts_.end() ? std::size_t{0} : found->second;
    };
    return count(turn.who) >= limits::long_reads_of_caller_max ||
           count(std::nullopt) >= limits::long_reads_of_realm_max;
}

class ReaderPool::ReadSnapshot final : public Snapshot {
 public:
    ReadSnapshot(sql::Connection& sql, CommitNumber commit, const ReadSource& source, Kind kind)
        : sql_(sql), commit_(commit), source_(source), kind_(kind) {}
    sql::Connection& sql() override { return sql_; }
    CommitNumber commit_number() const override { return commit_; }
    bool runs_again() const override { return kind_ == Kind::ordinary && source_.ran_out(); }

 private:
    sql::Connection& sql_;
    CommitNumber commit_;
    const ReadSource& source_;
    Kind kind_;
};

Result<ReaderPool::Sources> ReaderPool::make_sources(
    const std::function<Result<std::unique_ptr<ReadSource>>()>& make) {
    Sources sources;
    POSTRIDER_TRY(add(sources.first, limits::reader_threads_first, make));
    POSTRIDER_TRY(add(sources.ordinary, limits::reader_threads_ordinary, make));
    POSTRIDER_TRY(add(sources.long_ones, limits::reader_threads_long, make));
    return sources;
}

ReaderPool::ReaderPool(Sources sources, Duration duration_first, const Clock& clock,
                       std::function<CommitNumber()> seen)
    : sources_(std::move(sources)),
      duration_first_(duration_first),
      clock_(clock),
      seen_(std::move(seen)),
      queues_{Queue(limits::reader_queue_max, unbounded),
              Queue(limits::reader_queue_max, unbounded),
              Queue(limits::reader_queue_max, unbounded)} {
    start(sources_.first, Kind::first);
    start(sources_.ordinary, Kind::ordinary);
    start(sources_.long_ones, Kind::long_one);
}

void ReaderPool::start(std::vector<std::unique_ptr<ReadSource>>& sources, Kind kind) {
    for (auto& source : sources) {
        threads_.push_back(start_thread(kind == Kind::long_one ? "long reader" : "reader",
                                        [this, &source = *source, kind] { run(source, kind); }));
    }
}

ReaderPool::~ReaderPool() { stop(); }

std::size_t ReaderPool::waiting() const {
    const MutexLock lock(mutex_);
    std::size_t count = 0;
    for (const Queue& queue : queues_) count += queue.size();
    return count;
}

void ReaderPool::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    for (auto& changed : changed_) changed.notify_all();
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

ReaderPool::Kind ReaderPool::kind_of(ReadClass read_class) {
    switch (read_class) {
        case ReadClass::ordinary:
            break;
        case ReadClass::first:
            return Kind::first;
        case ReadClass::lengthy:
            return Kind::long_one;
    }
    return Kind::ordinary;
}

void ReaderPool::read(const Turn& turn, ReadClass read_class, Store::Reader reader) {
    Kind kind = kind_of(read_class);
    std::optional<Error> refusal;
    {
        const MutexLock lock(mutex_);
        if (kind == Kind::ordinary && long_ones_.are_many(turn)) kind = Kind::long_one;
        refusal = stopping_ ? Error{ErrorCode::unavailable, "The server is stopping.", {}}
                            : reads_waiting(queue_of(kind).room_for(turn.realm));
        if (!refusal) {
            queue_of(kind).push({turn, 0, std::move(reader)});
            if (kind == Kind::long_one) long_ones_.add(turn);
            changed_[static_cast<std::size_t>(kind)].notify_one();
            // Either may take it; who comes too late finds nothing.
            if (kind == Kind::first) {
                changed_[static_cast<std::size_t>(Kind::ordinary)].notify_one();
            }
            return;
        }
    }
    reader(std::unexpected(*std::move(refusal)));
}

/// From which queue a thread of this kind takes next.
std::optional<ReaderPool::Kind> ReaderPool::waiting_for(Kind kind) {
    if (kind == Kind::ordinary && !queue_of(Kind::first).empty()) return Kind::first;
    if (!queue_of(kind).empty()) return kind;
    return std::nullopt;
}

std::optional<ReaderPool::Taken> ReaderPool::take(Kind kind) {
    const MutexLock lock(mutex_);
    std::optional<Kind> from;
    while (!(from = waiting_for(kind))) {
        const bool more_may_come =
            kind == Kind::long_one && (running_ordinary_ > 0 || !queue_of(Kind::ordinary).empty());
        if (stopping_ && !more_may_come) return std::nullopt;
        changed_[static_cast<std::size_t>(kind)].wait(mutex_);
    }
    if (*from == Kind::ordinary) running_ordinary_ += 1;
    auto entry = queue_of(*from).pop();
    return Taken{*from, std::move(*entry)};
}

void ReaderPool::run(ReadSource& source, Kind kind) {
    if (kind != Kind::first) {
        // Linux has a niceness of each thread.
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()),
                      kind == Kind::long_one ? long_reads_niceness : ordinary_reads_niceness);
    }
    while (auto taken = take(kind)) {
        const Monotonic before = clock_.monotonic();
        const bool runs_again = run_one(source, *taken);
        finish(std::move(*taken), runs_again,
               std::chrono::floor<Duration>(clock_.monotonic() - before));
    }
}

Duration ReaderPool::budget_of(const Taken& taken) const {
    if (taken.kind == Kind::ordinary) return duration_first_;
    const bool is_of_server = taken.entry.turn == Turn::server();
    return is_of_server ? limits::read_duration_server : limits::read_duration_max;
}

bool ReaderPool::run_one(ReadSource& source, const Taken& taken) {
    // Taken before BEGIN: the snapshot sees at least these commits.
    const CommitNumber commit = seen_();
    auto connection = source.begin(budget_of(taken));
    if (!connection) {
        taken.entry.work(std::unexpected(std::move(connection).error()));
        return false;
    }
    ReadSnapshot snapshot(**connection, commit, source, taken.kind);
    (void)spare_others([&] { taken.entry.work(&snapshot); });
    const bool runs_again = snapshot.runs_again();
    source.end();
    return runs_again;
}

void ReaderPool::finish(Taken taken, bool runs_again, Duration took) {
    const MutexLock lock(mutex_);
    queue_of(taken.kind).charge(taken.entry.turn, static_cast<std::uint64_t>(took / charged_for));
    if (taken.kind == Kind::long_one) long_ones_.remove(taken.entry.turn);
    if (taken.kind != Kind::ordinary) return;
    running_ordinary_ -= 1;
    if (runs_again) {
        long_ones_.add(taken.entry.turn);
        queue_of(Kind::long_one).push(std::move(taken.entry));
    }
    if (runs_again || stopping_) changed_[static_cast<std::size_t>(Kind::long_one)].notify_all();
}

}  // namespace postrider::store
