#include "store/writer.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/check.h"
#include "base/memory_guard.h"
#include "base/thread.h"
#include "model/turn_limits.h"
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
    if (error.code == ErrorCode::corrupt) {
        std::fprintf(stderr,
                     "postrider: the database is damaged: a write found a page of it that makes no "
                     "sense, and nothing of it was accepted. The server stops, and would stop "
                     "there again: restore the newest backup into an empty data folder, with the "
                     "same key (docs/backup.md), and check the disk: %s\n",
                     error.message.c_str());
        std::_Exit(1);
    }
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
    Result<bool> tidy(const TidyStep& /*step*/) override {
        return sql_.release_pages(limits::release_step_pages);
    }

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
      steady_(limits::clock_step_min),
      committed_last_id_(last_id),
      // Whoever makes outcomes bounds them: limits::unrecorded_outcomes_max.
      queues_{Queue(unbounded, unbounded),
              Queue(limits::writer_queue_max, limits::writer_queue_bytes_max),
              Queue(limits::writer_queue_max, limits::writer_queue_bytes_max)} {}

Writer::~Writer() { stop(); }

void Writer::start() {
    if (!reserve_.take(checkpointer_.bytes_not_copied())) {
        disk_full_ = true;
        make_room();
    }
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

void Writer::write(const Turn& turn, WriteClass write_class, Closure closure, Done done) {
    enqueue(are_outcomes(write_class) ? Kind::outcomes : Kind::changes,
            {turn, 0, {ClosureWork{std::move(closure), std::move(done), {}}, write_class}});
}

void Writer::publish(PublishWork work) {
    std::size_t bytes = 0;
    for (const auto& event : work.events) bytes += event.data.size();
    const Turn turn = Turn::of(work.realm, work.who);
    enqueue(Kind::publishes, {turn, bytes, {std::move(work), WriteClass::ordinary}});
}

void Writer::enqueue(Kind kind, Entry entry) {
    std::optional<Error> refused;
    {
        const MutexLock lock(mutex_);
        refused = refusal(kind, entry);
        if (!refused) {
            const bool idle = is_idle();
            const bool unhurried = entry.work.write_class == WriteClass::unhurried_outcomes;
            const bool wakes = idle || (is_unhurried_ && !unhurried);
            is_unhurried_ = (idle || is_unhurried_) && unhurried;
            queue_of(kind).push(std::move(entry));
            if (wakes) changed_.notify_one();
            return;
        }
    }
    refuse(entry.work, *refused);
}

std::optional<Error> Writer::refusal(Kind kind, const Entry& entry) {
    if (stopping_) return Error{ErrorCode::unavailable, "The server is stopping.", {}};
    if (kind == Kind::outcomes) return std::nullopt;
    if (disk_full_) {
        const bool may = entry.work.write_class == WriteClass::essential &&
                         essential_on_reserve_ < limits::essential_on_reserve_max;
        if (!may) return disk_full_error();
        // Housekeeping deletes what is too old, and gives the room back.
        if (entry.turn != Turn::server()) essential_on_reserve_ += 1;
    }
    return writes_waiting(queue_of(kind).room_for(entry.turn.realm));
}

bool Writer::is_idle() const {
    return !put_off_ &&
           std::ranges::all_of(queues_, [](const Queue& queue) { return queue.empty(); });
}

void Writer::run() {
    while (true) {
        if (wait_for_work()) {
            checkpointer_.leave_gap();
            // While what is not copied yet still fits into the reserve.
            if (!disk_full_ && (checkpointer_.has_met_full_disk() || !has_room_to_copy())) {
                disk_is_full({});
            }
            process();
        } else if (disk_full_) {
            try_disk_again();
        } else {
            const MutexLock lock(mutex_);
            if (stopping_ && is_idle()) return;
        }
    }
}

/// false: there is none, and it is time to look at a full disk again, or at the end.
bool Writer::wait_for_work() {
    const MutexLock lock(mutex_);
    while (is_idle() && !stopping_) {
        if (disk_full_) {
            changed_.wait_for(mutex_, 1s);
            break;
        }
        changed_.wait(mutex_);
    }
    wait_for_company();
    if (stopping_ && disk_full_ && queue_of(Kind::outcomes).empty()) {
        disk_full_ = false;  // nothing left that could need the reserve
    }
    return !is_idle();
}

/// What nobody waits for shares the commit of what comes next, if that comes soon.
void Writer::wait_for_company() {
    if (is_unhurried_ && !stopping_) changed_.wait_for(mutex_, limits::unhurried_commit_after);
    is_unhurried_ = false;
}

void Writer::process() {
    Group group;
    switch (run_group(group, Isolation::trusting)) {
        case GroupEnd::committed:
            if (acknowledge_before_commit) return;
            for (std::size_t i = 0; i < group.works.size(); ++i) {
                tell(group.works[i].work, std::move(group.answers[i]));
            }
            return;
        case GroupEnd::disk_full:
            disk_is_full(std::move(group.works));
            return;
        case GroupEnd::again:
            for (auto& entry : group.works) run_alone(std::move(entry));
            return;
    }
}

void Writer::run_alone(Entry entry) {
    Group one;
    one.works.push_back(std::move(entry));
    switch (run_group(one, Isolation::careful)) {
        case GroupEnd::committed:
            tell(one.works[0].work, std::move(one.answers[0]));
            return;
        case GroupEnd::disk_full:
            disk_is_full(std::move(one.works));
            return;
        case GroupEnd::again:
            refuse(one.works[0].work, {ErrorCode::unavailable,
                                       "The database is busy: nothing was accepted; try again.",
                                       {}});
            return;
    }
}

/// Trusting, it takes its works from the queues while it runs; careful, it has one.
Writer::GroupEnd Writer::run_group(Group& group, Isolation isolation) {
    GroupTransaction tx(*sql_, minter_, clock_.now(),
                        last_commit_.load(std::memory_order_relaxed) + 1);
    group.began = clock_.monotonic();
    group.sits_out = std::exchange(filled_a_group_, std::nullopt);
    sql_->clear_failure();
    if (auto begun = sql_->execute("BEGIN IMMEDIATE"); !begun) {
        // Whatever is in the way, it is told to somebody.
        if (group.works.empty()) (void)take_slice(group);
        return abort_group();
    }
    if (!run_works(tx, group, isolation)) return abort_group();
    if (acknowledge_before_commit) {
        for (std::size_t i = 0; i < group.works.size(); ++i) {
            tell(group.works[i].work, std::move(group.answers[i]));
        }
    }
    const Monotonic before = clock_.monotonic();
    if (auto finished = finish_group(); !finished) return abort_group();
    const auto took = std::chrono::floor<Duration>(clock_.monotonic() - before);

    committed_last_id_ = minter_.last();
    last_commit_.fetch_add(1, std::memory_order_release);
    checkpointer_.committed(sql_->wal_frames());
    tx.run_tasks();
    if (event_observer_) {
        for (const auto& [realm, events] : group.events) event_observer_(realm, events);
    }
    observe(took, group.works.size());
    return GroupEnd::committed;
}

void Writer::observe(Duration duration, std::size_t works) {
    if (observer_ == nullptr) return;
    CommitReport report{
        .duration = duration,
        .works = works,
        .waiting = 0,
        .wal_bytes = static_cast<std::uint64_t>(sql_->wal_frames()) * sql_->page_bytes()};
    {
        const MutexLock lock(mutex_);
        for (const Queue& queue : queues_) report.waiting += queue.size();
    }
    observer_(report);
}

/// Outcomes come first. Each kind that has works gets a turn in every group, however long the
/// others took; after that they go on in turn until the group's time is over.
std::optional<Writer::Kind> Writer::next_kind(const Group& group) {
    for (std::size_t i = 0; i < kinds; ++i) {
        const auto kind = static_cast<Kind>(i);
        if (!group.had_turn[i] && has_turn(kind, group)) return kind;
    }
    if (clock_.monotonic() - group.began >= limits::writer_group_duration_max) return std::nullopt;
    for (std::size_t i = 1; i <= kinds; ++i) {
        const auto next = static_cast<Kind>((static_cast<std::size_t>(group.last) + i) % kinds);
        if (has_turn(next, group)) return next;
    }
    return std::nullopt;
}

/// A change that filled a group by itself lets the next one go without its realm's, if anybody is
/// in it: else whoever comes meanwhile waits for two of them.
bool Writer::has_turn(Kind kind, const Group& group) const {
    if (!has_works(kind)) return false;
    if (kind != Kind::changes || !group.sits_out) return true;
    const auto& changes = queues_[static_cast<std::size_t>(kind)];
    return changes.next_realm() != *group.sits_out ||
           (group.works.empty() && !has_works(Kind::publishes));
}

/// Behind a publish that is put off there is nothing for this group: it would pass it.
bool Writer::has_works(Kind kind) const {
    if (kind == Kind::publishes && put_off_) return false;
    return !queues_[static_cast<std::size_t>(kind)].empty();
}

/// Moves what runs next into the group; false: nothing more belongs to it.
bool Writer::take_slice(Group& group) {
    const MutexLock lock(mutex_);
    if (group.works.size() >= limits::writer_group_max) return false;
    if (group.is_complete) return false;
    if (put_off_ && group.works.empty()) {
        group.works.push_back(*std::exchange(put_off_, std::nullopt));
        group.is_complete = true;
        return true;
    }
    while (const auto kind = next_kind(group)) {
        if (take_slice_of(*kind, group)) return true;
    }
    return false;
}

/// false: what came next is put off.
bool Writer::take_slice_of(Kind kind, Group& group) {
    group.had_turn[static_cast<std::size_t>(kind)] = true;
    group.last = kind;
    const std::size_t before = group.works.size();
    const std::size_t most = kind == Kind::publishes ? limits::writer_slice_publishes : 1;
    for (std::size_t i = 0; i < most; ++i) {
        auto entry = queue_of(kind).pop();
        if (!entry) break;
        const auto* publish = std::get_if<PublishWork>(&entry->work.what);
        const bool has_own_group =
            publish != nullptr && has_own_transaction(*publish, entry->bytes);
        if (has_own_group && !group.works.empty()) {
            put_off_ = std::move(*entry);
            break;
        }
        group.works.push_back(std::move(*entry));
        group.is_complete = has_own_group;
        if (has_own_group) break;
    }
    return group.works.size() > before;
}

/// false when the group cannot go on: SQLite has ended the transaction, a failure came that
/// concerns all of it, or a set operation that ran without a savepoint failed.
bool Writer::run_works(GroupTransaction& tx, Group& group, Isolation isolation) {
    using Failure = sql::SqliteConnection::Failure;
    while (group.answers.size() < group.works.size() ||
           (isolation == Isolation::trusting && take_slice(group))) {
        const Work& next = group.works[group.answers.size()].work;
        const bool is_set =
            std::holds_alternative<PublishWork>(next.what) || are_outcomes(next.write_class);
        sql_->clear_failure();
        const auto ran = run_next(tx, group, is_set ? isolation : Isolation::careful);
        if (!ran && is_set && isolation == Isolation::trusting) return false;
        auto failure = sql_->last_failure();
        if (!sql_->in_transaction() || failure == Failure::disk_full || failure == Failure::io ||
            failure == Failure::again) {
            return false;
        }
    }
    return true;
}

/// One closure, or a run of publishes as one set operation.
Result<void> Writer::run_next(GroupTransaction& tx, Group& group, Isolation isolation) {
    const std::size_t first = group.answers.size();
    if (auto* closure = std::get_if<ClosureWork>(&group.works[first].work.what)) {
        const auto before = sql_->changes_in_all();
        const Monotonic began = clock_.monotonic();
        auto ran = run_guarded(tx, isolation, [&] { return closure->closure(tx); });
        closure->waits = tx.end_work();
        group.answers.emplace_back(ran);
        if (clock_.monotonic() - began >= limits::writer_group_duration_max) {
            filled_a_group_ = group.works[first].turn.realm;
        }
        charge(group, group.works[first],
               static_cast<std::uint64_t>(sql_->changes_in_all() - before));
        return ran;
    }
    std::vector<PublishWork*> publishes;
    for (std::size_t i = first; i < group.works.size(); ++i) {
        publishes.push_back(std::get_if<PublishWork>(&group.works[i].work.what));
        CHECK(publishes.back() != nullptr);
    }
    group.answers.resize(group.works.size());
    const auto count =
        run_publishes(tx, publishes, std::span(group.answers).subspan(first), isolation);
    if (!count) return std::unexpected(count.error());
    put_back(group, first + *count);
    for (std::size_t i = first; i < group.works.size(); ++i) {
        const auto& answer = std::get<Result<PublishAnswer>>(group.answers[i]);
        if (answer) charge(group, group.works[i], answer->rows);
    }
    return {};
}

void Writer::charge(Group& group, const Entry& entry, std::uint64_t rows) {
    const Kind kind =
        std::holds_alternative<PublishWork>(entry.work.what) ? Kind::publishes : Kind::changes;
    if (!are_outcomes(entry.work.write_class)) {
        if (group.events.empty() || group.events.back().first != entry.turn.realm) {
            group.events.emplace_back(entry.turn.realm, 0);
        }
        const auto* publish = std::get_if<PublishWork>(&entry.work.what);
        group.events.back().second += publish != nullptr ? publish->events.size() : rows;
    }
    const MutexLock lock(mutex_);
    queue_of(kind).charge(entry.turn, rows);
}

/// These were too much for this time, and are their callers' next.
void Writer::put_back(Group& group, std::size_t from) {
    const MutexLock lock(mutex_);
    while (group.works.size() > from) {
        queue_of(Kind::publishes).put_back(std::move(group.works.back()));
        group.works.pop_back();
    }
    group.answers.resize(group.works.size());
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

Result<void> Writer::finish_group() {
    sql_->clear_failure();
    // By steady time: a clock that is set counts, at the next start, as time that the server was
    // down.
    POSTRIDER_TRY(
        write_last_commit(*sql_, minter_.last(), steady_.at(clock_.now(), clock_.monotonic())));
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

/// Whether what is only in the write-ahead log will find room, without the reserve.
bool Writer::has_room_to_copy() {
    if (!reserve_.held()) return true;
    return room_to_grow(sql_->path()) >= checkpointer_.bytes_not_copied() + limits::disk_free_min;
}

/// Gives up the reserve. If what is only in the write-ahead log fits into the room that there is
/// then, it is copied, so that the log starts anew. If it does not, the log may grow by that room.
void Writer::make_room() {
    checkpointer_.hold();  // a copy that has met the full disk must not use up what is given up
    reserve_.give_up();
    checkpointer_.go_on();
    checkpointer_.restart();
    (void)checkpointer_.has_met_full_disk();
}

/// Runs outcomes and essential writes once more, with the room of the reserve. Refuses the rest.
void Writer::disk_is_full(std::vector<Entry> works) {
    disk_full_ = true;
    make_room();
    for (auto& entry : works) {
        if (entry.work.write_class == WriteClass::ordinary) {
            refuse(entry.work, disk_full_error());
        } else {
            run_on_reserve(std::move(entry));
        }
    }
    std::vector<Entry> waiting;
    {
        const MutexLock lock(mutex_);
        if (put_off_) waiting.push_back(*std::exchange(put_off_, std::nullopt));
        for (const Kind kind : {Kind::changes, Kind::publishes}) {
            for (auto& entry : queue_of(kind).take_out([](const Entry& candidate) {
                     return candidate.work.write_class == WriteClass::ordinary;
                 })) {
                waiting.push_back(std::move(entry));
            }
        }
    }
    for (auto& entry : waiting) refuse(entry.work, disk_full_error());
}

void Writer::run_on_reserve(Entry entry) {
    Group one;
    one.works.push_back(std::move(entry));
    if (run_group(one, Isolation::careful) == GroupEnd::committed) {
        tell(one.works[0].work, std::move(one.answers[0]));
    } else {
        refuse(one.works[0].work, disk_full_error());
    }
}

void Writer::try_disk_again() {
    if (!reserve_.take(checkpointer_.bytes_not_copied())) return;
    (void)checkpointer_.has_met_full_disk();
    checkpointer_.go_on();
    const MutexLock lock(mutex_);
    essential_on_reserve_ = 0;
    disk_full_ = false;
}

void Writer::tell(Work& work, Answer answer) {
    // Whoever does not get it is told 500.
    (void)spare_others([&] { pass_on(work, std::move(answer)); });
}

void Writer::pass_on(Work& work, Answer answer) {
    if (auto* closure = std::get_if<ClosureWork>(&work.what)) {
        if (!closure->done) return;
        auto result = std::get<Result<void>>(std::move(answer));
        if (!result || closure->waits.empty() || are_outcomes(work.write_class)) {
            return closure->done(std::move(result));
        }
        after_all(std::move(closure->waits), [done = std::move(closure->done)] { done({}); });
    } else {
        store::answer(std::get<PublishWork>(work.what),
                      std::get<Result<PublishAnswer>>(std::move(answer)));
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
