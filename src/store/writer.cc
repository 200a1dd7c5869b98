#include "store/writer.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/check.h"
#include "base/memory_guard.h"
#include "base/thread.h"
#include "model/limits.h"
#include "store/last_commit.h"

namespace postrider::store {
namespace {

// The negative control of the crash test: a binary that breaks law 3 on purpose, to see the test
// turn red (target postrider_sabotaged). Never set in a build that is used.
#ifdef POSTRIDER_SABOTAGE_ACKNOWLEDGE_BEFORE_COMMIT
constexpr bool acknowledge_before_commit = true;
#else
constexpr bool acknowledge_before_commit = false;
#endif

Error disk_full_error() {
    return {ErrorCode::resource_exhausted,
            "The disk is full: nothing was accepted; free some space and try again.",
            {},
            "disk-full"};
}

/// Promise 13. The message stands alone on stderr: the log may share the broken disk.
[[noreturn]] void die_of_io(const Error& error) {
    std::fprintf(stderr,
                 "postrider: writing to the database failed and it is unknown what reached the "
                 "disk, so the server stops; check the disk, then start it again: %s\n",
                 error.message.c_str());
    std::_Exit(1);
}

}  // namespace

/// The transaction of one group, seen by one closure at a time.
class Writer::GroupTransaction final : public Transaction {
 public:
    GroupTransaction(sql::SqliteConnection& sql, UuidMinter& minter, Timestamp now,
                     CommitNumber commit)
        : sql_(sql), minter_(minter), now_(now), commit_(commit) {}
    sql::Connection& sql() override { return sql_; }
    Timestamp now() const override { return now_; }
    Uuid mint() override { return minter_.mint(now_); }
    CommitNumber commit_number() const override { return commit_; }
    void after_commit(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
    Result<bool> tidy(Duration) override { return sql_.release_pages(limits::release_step_pages); }

    std::size_t mark() const { return tasks_.size(); }
    void roll_back_to(std::size_t mark) { tasks_.resize(mark); }
    void run_tasks() {
        for (auto& task : tasks_) task();
    }

 private:
    sql::SqliteConnection& sql_;
    UuidMinter& minter_;
    Timestamp now_;
    CommitNumber commit_;
    std::vector<std::function<void()>> tasks_;
};

Writer::Writer(std::unique_ptr<sql::SqliteConnection> connection, Checkpointer& checkpointer,
               DiskReserve reserve, const Clock& clock, Random& random, Uuid last_id)
    : sql_(std::move(connection)),
      checkpointer_(checkpointer),
      reserve_(std::move(reserve)),
      clock_(clock),
      random_(random),
      minter_(random_, last_id),
      committed_last_id_(last_id) {}

Writer::~Writer() { stop(); }

void Writer::start() {
    if (!reserve_.take()) disk_full_ = true;
    thread_ = start_thread("writer", [this] { run(); });
}

void Writer::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    reserve_.give_up();
}

void Writer::write(WriteClass write_class, Closure closure, Done done) {
    enqueue({ClosureWork{std::move(closure), std::move(done)}, write_class, 0});
}

void Writer::publish(PublishWork work) {
    std::size_t bytes = 0;
    for (const auto& event : work.events) bytes += event.data.size();
    enqueue({std::move(work), WriteClass::ordinary, bytes});
}

void Writer::enqueue(Work work) {
    std::optional<Error> refusal;
    {
        MutexLock lock(mutex_);
        bool outcome = work.write_class == WriteClass::outcomes;
        if (stopping_) {
            refusal = Error{ErrorCode::unavailable, "The server is stopping.", {}};
        } else if (!outcome && disk_full_) {
            refusal = disk_full_error();
        } else if (!outcome && (ordinary_.size() >= limits::writer_queue_max ||
                                ordinary_bytes_ >= limits::writer_queue_bytes_max)) {
            refusal = Error{ErrorCode::unavailable,
                            "Too many writes are waiting: nothing was accepted; try again in a "
                            "moment.",
                            {}};
        } else {
            bool idle = outcomes_.empty() && ordinary_.empty();
            ordinary_bytes_ += work.bytes;
            (outcome ? outcomes_ : ordinary_).push_back(std::move(work));
            if (idle) changed_.notify_one();
            return;
        }
    }
    refuse(work, *refusal);
}

void Writer::run() {
    while (true) {
        auto group = take_group();
        if (!group.empty()) {
            checkpointer_.leave_gap();
            process(std::move(group));
        } else if (disk_full_) {
            try_disk_again();
        } else {
            MutexLock lock(mutex_);
            if (stopping_ && outcomes_.empty() && ordinary_.empty()) return;
        }
    }
}

/// Outcomes first, then the rest in its order. Waits until there is something, or time to look at a
/// full disk again.
std::vector<Writer::Work> Writer::take_group() {
    MutexLock lock(mutex_);
    while (outcomes_.empty() && ordinary_.empty() && !stopping_) {
        if (disk_full_) {
            changed_.wait_for(mutex_, 1s);
            break;
        }
        changed_.wait(mutex_);
    }
    if (stopping_ && disk_full_ && outcomes_.empty()) {
        disk_full_ = false;  // nothing left that could need the reserve
    }
    std::vector<Work> group;
    for (auto* queue : {&outcomes_, &ordinary_}) {
        while (!queue->empty() && group.size() < limits::writer_group_max) {
            if (queue == &ordinary_) ordinary_bytes_ -= queue->front().bytes;
            group.push_back(std::move(queue->front()));
            queue->pop_front();
        }
    }
    return group;
}

void Writer::process(std::vector<Work> group) {
    std::vector<Answer> answers(group.size());
    switch (run_group(group, answers, Isolation::trusting)) {
        case GroupEnd::committed:
            if (acknowledge_before_commit) return;
            for (std::size_t i = 0; i < group.size(); ++i) tell(group[i], std::move(answers[i]));
            return;
        case GroupEnd::disk_full:
            disk_is_full(std::move(group));
            return;
        case GroupEnd::again:
            for (auto& work : group) run_alone(std::move(work));
            return;
    }
}

void Writer::run_alone(Work work) {
    std::vector<Work> one;
    one.push_back(std::move(work));
    std::vector<Answer> answer(1);
    switch (run_group(one, answer, Isolation::careful)) {
        case GroupEnd::committed:
            tell(one[0], std::move(answer[0]));
            return;
        case GroupEnd::disk_full:
            disk_is_full(std::move(one));
            return;
        case GroupEnd::again:
            refuse(one[0], {ErrorCode::unavailable,
                            "The database is busy: nothing was accepted; try again.",
                            {}});
            return;
    }
}

Writer::GroupEnd Writer::run_group(std::vector<Work>& group, std::vector<Answer>& answers,
                                   Isolation isolation) {
    GroupTransaction tx(*sql_, minter_, clock_.now(),
                        last_commit_.load(std::memory_order_relaxed) + 1);
    sql_->clear_failure();
    if (auto begun = sql_->execute("BEGIN IMMEDIATE"); !begun) return abort_group();
    if (!run_works(tx, group, answers, isolation)) return abort_group();
    if (acknowledge_before_commit) {
        for (std::size_t i = 0; i < group.size(); ++i) tell(group[i], std::move(answers[i]));
    }
    const Monotonic before = clock_.monotonic();
    if (auto finished = finish_group(tx); !finished) return abort_group();
    const auto took = std::chrono::floor<Duration>(clock_.monotonic() - before);

    committed_last_id_ = minter_.last();
    last_commit_.fetch_add(1, std::memory_order_release);
    checkpointer_.committed(sql_->wal_frames());
    tx.run_tasks();
    observe(took, group.size());
    return GroupEnd::committed;
}

void Writer::observe(Duration duration, std::size_t works) {
    if (observer_ == nullptr) return;
    CommitReport report{.duration = duration,
                        .works = works,
                        .waiting = 0,
                        .wal_bytes = static_cast<std::uint64_t>(sql_->wal_frames()) * page_bytes};
    {
        const MutexLock lock(mutex_);
        report.waiting = outcomes_.size() + ordinary_.size();
    }
    observer_(report);
}

/// false when the group cannot go on: SQLite has ended the transaction, a failure came that
/// concerns all of it, or a set operation that ran without a savepoint failed.
bool Writer::run_works(GroupTransaction& tx, std::vector<Work>& group, std::vector<Answer>& answers,
                       Isolation isolation) {
    using Failure = sql::SqliteConnection::Failure;
    std::vector<PublishWork*> publishes;
    for (std::size_t i = 0; i < group.size();) {
        sql_->clear_failure();
        bool is_set = true;
        Result<void> ran;
        if (auto* closure = std::get_if<ClosureWork>(&group[i].what)) {
            is_set = group[i].write_class == WriteClass::outcomes;
            ran = run_guarded(tx, is_set ? isolation : Isolation::careful,
                              [&] { return closure->closure(tx); });
            answers[i++] = ran;
        } else {
            // A run of publishes is one set operation.
            publishes.clear();
            std::size_t first = i;
            while (i < group.size() && std::holds_alternative<PublishWork>(group[i].what)) {
                publishes.push_back(&std::get<PublishWork>(group[i++].what));
            }
            const auto count = run_publishes(
                tx, publishes, std::span(answers).subspan(first, publishes.size()), isolation);
            if (count && *count < publishes.size()) {
                put_back(group, first + *count);
                i = group.size();
            }
            if (!count) ran = std::unexpected(count.error());
        }
        if (!ran && is_set && isolation == Isolation::trusting) return false;
        auto failure = sql_->last_failure();
        if (!sql_->in_transaction() || failure == Failure::disk_full || failure == Failure::io ||
            failure == Failure::again) {
            return false;
        }
    }
    return true;
}

/// These are for the next transaction, before everything else that is not an outcome.
void Writer::put_back(std::vector<Work>& group, std::size_t from) {
    const MutexLock lock(mutex_);
    while (group.size() > from) {
        ordinary_bytes_ += group.back().bytes;
        ordinary_.push_front(std::move(group.back()));
        group.pop_back();
    }
}

Result<void> Writer::run_guarded(GroupTransaction& tx, Isolation isolation,
                                 const std::function<Result<void>()>& what) {
    if (isolation == Isolation::trusting) return guard_memory(what);
    auto mark = tx.mark();
    POSTRIDER_TRY(sql_->execute("SAVEPOINT one"));
    auto result = guard_memory(what);
    if (!sql_->in_transaction()) return result;
    if (!result) {
        tx.roll_back_to(mark);
        (void)sql_->execute("ROLLBACK TO one");
    }
    (void)sql_->execute("RELEASE one");
    return result;
}

Result<std::size_t> Writer::run_publishes(GroupTransaction& tx, std::vector<PublishWork*>& works,
                                          std::span<Answer> answers, Isolation isolation) {
    CHECK(publish_handler_ != nullptr);
    std::vector<Result<PublishAnswer>> results(works.size());
    std::size_t count = 0;
    auto ran = run_guarded(tx, isolation, [&]() -> Result<void> {
        POSTRIDER_ASSIGN(count, publish_handler_(tx, works, results));
        return {};
    });
    for (std::size_t i = 0; i < works.size(); ++i) {
        if (ran) {
            answers[i] = std::move(results[i]);
        } else {
            answers[i] = Result<PublishAnswer>(std::unexpected(ran.error()));
        }
    }
    if (!ran) return std::unexpected(std::move(ran).error());
    return count;
}

Result<void> Writer::finish_group(GroupTransaction& tx) {
    sql_->clear_failure();
    POSTRIDER_TRY(write_last_commit(*sql_, minter_.last(), tx.now()));
    return sql_->execute("COMMIT");
}

Writer::GroupEnd Writer::abort_group() {
    auto failure = sql_->last_failure();
    if (failure == sql::SqliteConnection::Failure::io) die_of_io(sql_->last_error());
    if (sql_->in_transaction()) (void)sql_->execute("ROLLBACK");
    minter_.reset(committed_last_id_);
    return failure == sql::SqliteConnection::Failure::disk_full ? GroupEnd::disk_full
                                                                : GroupEnd::again;
}

/// Refuses what is new, and runs the outcomes once more: in the WAL from its beginning, with the
/// reserve's room for what the database grows by.
void Writer::disk_is_full(std::vector<Work> group) {
    disk_full_ = true;
    reserve_.give_up();
    checkpointer_.restart();
    for (auto& work : group) {
        if (work.write_class == WriteClass::outcomes) {
            std::vector<Work> one;
            one.push_back(std::move(work));
            std::vector<Answer> answer(1);
            if (run_group(one, answer, Isolation::careful) == GroupEnd::committed) {
                tell(one[0], std::move(answer[0]));
            } else {
                refuse(one[0], disk_full_error());
            }
        } else {
            refuse(work, disk_full_error());
        }
    }
    std::deque<Work> waiting;
    {
        MutexLock lock(mutex_);
        waiting.swap(ordinary_);
        ordinary_bytes_ = 0;
    }
    for (auto& work : waiting) refuse(work, disk_full_error());
}

void Writer::try_disk_again() {
    if (reserve_.take()) disk_full_ = false;
}

void Writer::tell(Work& work, Answer answer) {
    // Whoever does not get it is told 500.
    (void)spare_others([&] { pass_on(work, std::move(answer)); });
}

void Writer::pass_on(Work& work, Answer answer) {
    if (auto* closure = std::get_if<ClosureWork>(&work.what)) {
        if (closure->done) closure->done(std::get<Result<void>>(std::move(answer)));
    } else {
        std::get<PublishWork>(work.what).done(std::get<Result<PublishAnswer>>(std::move(answer)));
    }
}

void Writer::refuse(Work& work, const Error& error) {
    if (std::holds_alternative<ClosureWork>(work.what)) {
        tell(work, Result<void>(std::unexpected(error)));
    } else {
        tell(work, Result<PublishAnswer>(std::unexpected(error)));
    }
}

}  // namespace postrider::store
