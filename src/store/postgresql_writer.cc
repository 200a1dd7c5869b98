#include "store/postgresql_writer.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"
#include "base/memory_guard.h"
#include "base/thread.h"
#include "model/limits.h"
#include "model/turn_limits.h"
#include "store/postgresql_partitions.h"
#include "store/sql/postgresql_errors.h"

namespace postrider::store {
namespace {

using sql::PostgresqlConnection;
using Failure = PostgresqlConnection::Failure;

// Closures read before they write, and nothing may change in between. Outcomes change rows that
// closures change too. Publishes only add, and hold the realm's matching.
// Every transaction begins with this lock, whatever it does then: before its snapshot, because one
// that is older than a change of partitions does not see the rows that were moved; and before any
// other table's, so that a change of partitions and it do not wait for each other.
#define LOCK_PARTITIONS "LOCK TABLE ONLY deliveries IN ROW EXCLUSIVE MODE"
constexpr const char* begin_closure = "BEGIN ISOLATION LEVEL SERIALIZABLE; " LOCK_PARTITIONS;
constexpr const char* begin_outcomes =
    "BEGIN ISOLATION LEVEL REPEATABLE READ; " LOCK_PARTITIONS
    "; "
    "SELECT pg_advisory_xact_lock_shared(1886351222, hashtext(current_schema()))";

// Outcomes come all the time and change what a closure must change too ("cancel what is pending"):
// one that was in their way stops them for a moment, on every node.
constexpr const char* stop_outcomes =
    "SELECT pg_advisory_lock(1886351222, hashtext(current_schema())); ";

/// The lock on how a realm's events match. Publishes share it; who changes that has it alone, since
/// before its snapshot: else it would not see, nor cancel, what they committed meanwhile.
std::string lock_matching(std::string_view function, const RealmId& realm) {
    return fmt::format("SELECT {}(1886351223, hashtext(current_schema() || '{}')); ", function,
                       hex_encode(realm.view()));
}

constexpr const char* begin_publishes = "BEGIN ISOLATION LEVEL READ COMMITTED; " LOCK_PARTITIONS;

/// Whether each realm's lock could be shared without waiting, as a string of "1" and "0".
std::string try_matching_query(const std::set<RealmId>& realms) {
    std::string query = "SELECT ''";
    for (const RealmId& realm : realms) {
        query += fmt::format(
            " || pg_try_advisory_xact_lock_shared(1886351223, hashtext(current_schema() || "
            "'{}'))::int",
            hex_encode(realm.view()));
    }
    return query;
}

// Delayed publishes wait for such a lock without holding any other.
std::string begin_delayed_publishes(const RealmId& realm) {
    return "BEGIN ISOLATION LEVEL READ COMMITTED; " +
           lock_matching("pg_advisory_xact_lock_shared", realm) + LOCK_PARTITIONS;
}

// A session that holds others off ends when its process was stopped meanwhile.
std::string hold_off(bool outcomes, const std::set<RealmId>& matching) {
    std::string script = fmt::format(
        "SET idle_session_timeout = {}; ",
        std::chrono::duration_cast<std::chrono::milliseconds>(limits::postgresql_held_off_max)
            .count());
    // Always in this order.
    for (const RealmId& realm : matching) script += lock_matching("pg_advisory_lock", realm);
    if (outcomes) script += stop_outcomes;
    return script;
}
constexpr const char* let_go = "RESET idle_session_timeout; SELECT pg_advisory_unlock_all()";

Error stopping_error() { return {ErrorCode::unavailable, "The server is stopping.", {}}; }

Error undecided_error() {
    return {
        ErrorCode::unavailable,
        "The database went away while this was being written, and the server stops: it may have "
        "been accepted; look before you try again.",
        {}};
}

Error busy_error() {
    return {ErrorCode::unavailable,
            "The database is busy with the same rows: nothing was accepted; try again.",
            {}};
}

std::size_t bytes_of(const PublishWork& work) {
    std::size_t bytes = 0;
    for (const auto& event : work.events) bytes += event.data.size();
    return bytes;
}

void tell(PublishWork& work, Result<PublishAnswer> given) {
    // Whoever does not get it is told 500.
    (void)spare_others([&] { answer(work, std::move(given)); });
}

}  // namespace

/// One transaction of a lane.
class PostgresqlWriter::LaneTransaction final : public Transaction {
 public:
    /// `held_off` grows by what it turns out to need.
    LaneTransaction(PostgresqlWriter& writer, PostgresqlConnection& sql, HeldOff& held_off)
        : writer_(writer),
          sql_(sql),
          now_(writer.clock_.now()),
          number_(writer.order_.begin()),
          held_off_(held_off) {}
    ~LaneTransaction() override { end(); }
    LaneTransaction(const LaneTransaction&) = delete;
    LaneTransaction& operator=(const LaneTransaction&) = delete;

    sql::Connection& sql() override { return sql_; }
    Timestamp now() const override { return now_; }
    Uuid mint() override {
        const MutexLock lock(writer_.mint_mutex_);
        return writer_.minter_.mint(now_);
    }
    CommitNumber commit_number() const override { return number_; }
    void after_commit(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
    void announce(const Announcement& what) override { announced_.push_back(what); }
    void mint_above(const Uuid& id) override { writer_.mint_above(id); }
    Result<bool> tidy(const TidyStep& step) override {
        return tidy_log(sql_, step, now_, mint().time());
    }
    Result<void> change_matching(const RealmId& realm) override {
        if (!held_off_.matching.insert(realm).second) return {};
        must_be_alone_ = true;
        return std::unexpected(busy_error());
    }
    Result<void> hold_matching(const RealmId& realm) override {
        // Who holds outcomes off waits for nothing any more: outcomes may hold it.
        if (held_off_.outcomes) return change_matching(realm);
        if (held_off_.matching.contains(realm) || !held_.insert(realm).second) return {};
        return sql_.execute(lock_matching("pg_advisory_xact_lock_shared", realm).c_str());
    }
    void holds_matching(std::set<RealmId> realms) { held_ = std::move(realms); }
    /// Shares the matching of these realms without waiting for any. Returns those that are just
    /// being changed.
    Result<std::set<RealmId>> try_matching(const std::set<RealmId>& realms) {
        POSTRIDER_ASSIGN(const auto shared, sql_.value(try_matching_query(realms)));
        std::set<RealmId> changing;
        std::size_t i = 0;
        for (const RealmId& realm : realms) {
            if (!shared || i >= shared->size() || (*shared)[i] != '1') changing.insert(realm);
            ++i;
        }
        return changing;
    }
    /// It must run again, with the locks that it asked for.
    bool must_be_alone() const { return must_be_alone_; }
    const std::vector<Announcement>& announced() const { return announced_; }

    PostgresqlConnection& connection() { return sql_; }
    /// Nothing more of it becomes visible.
    void end() {
        if (!has_ended_) writer_.order_.end(number_);
        has_ended_ = true;
    }
    void run_tasks() {
        for (auto& task : tasks_) task();
    }

 private:
    PostgresqlWriter& writer_;
    PostgresqlConnection& sql_;
    Timestamp now_;
    CommitNumber number_;
    bool has_ended_ = false;
    HeldOff& held_off_;
    std::set<RealmId> held_;
    bool must_be_alone_ = false;
    std::vector<std::function<void()>> tasks_;
    std::vector<Announcement> announced_;
};

PostgresqlWriter::PostgresqlWriter(const std::string& url, const Uuid& node,
                                   PostgresqlCluster& cluster, CommitOrder& order,
                                   const Clock& clock, Random& random, Uuid last_id,
                                   CommitObserver observer)
    : cluster_(cluster),
      order_(order),
      clock_(clock),
      observer_(std::move(observer)),
      random_(random),
      minter_(random_, last_id),
      // Whoever makes outcomes bounds them: limits::unrecorded_outcomes_max.
      queues_{Queue{RealmTurns<Work>(unbounded, unbounded)},
              Queue{RealmTurns<Work>(limits::writer_queue_max, limits::writer_queue_bytes_max)},
              Queue{RealmTurns<Work>(limits::writer_queue_max, limits::writer_queue_bytes_max)},
              Queue{RealmTurns<Work>(limits::writer_queue_max, limits::writer_queue_bytes_max)}} {
    std::vector<Kind> lane_kinds{Kind::outcomes, Kind::publishes, Kind::delayed_publishes};
    lane_kinds.insert(lane_kinds.end(), limits::postgresql_closure_connections, Kind::closures);
    for (const Kind kind : lane_kinds) {
        lanes_.push_back(std::make_unique<Lane>(
            kind,
            PostgresqlLink(url,
                           {.statement_max = limits::postgresql_statement_max,
                            .lock_wait_max = limits::postgresql_lock_wait_max},
                           clock),
            hex_encode(node.view()) + fmt::format("{:02x}", lanes_.size())));
    }
    for (auto& lane : lanes_) {
        const char* name = lane->kind == Kind::outcomes   ? "outcomes"
                           : lane->kind == Kind::closures ? "closures"
                                                          : "publishes";
        lane->thread = start_thread(name, [this, &lane = *lane] { run(lane); });
    }
}

Uuid PostgresqlWriter::last_id() const {
    const MutexLock lock(mint_mutex_);
    return minter_.last();
}

void PostgresqlWriter::mint_above(const Uuid& id) {
    const MutexLock lock(mint_mutex_);
    minter_.raise(id);
}

void PostgresqlWriter::stop() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
        for (auto& queue : queues_) queue.changed.notify_all();
    }
    for (auto& lane : lanes_) {
        if (lane->thread.joinable()) lane->thread.join();
    }
}

void PostgresqlWriter::write(const Turn& turn, WriteClass write_class, Closure closure, Done done) {
    enqueue(are_outcomes(write_class) ? Kind::outcomes : Kind::closures,
            {turn, 0, ClosureWork{std::move(closure), std::move(done)}});
}

void PostgresqlWriter::publish(PublishWork work) {
    const std::size_t bytes = bytes_of(work);
    const Turn turn = Turn::of(work.realm, work.who);
    enqueue(Kind::publishes, {turn, bytes, std::move(work)});
}

namespace {

template <typename Work>
void refuse(Work& work, const Error& error) {
    if (auto* publish = std::get_if<PublishWork>(&work)) {
        tell(*publish, std::unexpected(error));
    } else if (auto& closure = std::get<0>(work); closure.done) {
        closure.done(std::unexpected(error));
    }
}

}  // namespace

void PostgresqlWriter::enqueue(Kind kind, Entry entry) {
    std::optional<Error> refusal;
    {
        const MutexLock lock(mutex_);
        Queue& queue = queue_of(kind);
        if (stopping_) {
            refusal = stopping_error();
        } else if (kind != Kind::outcomes && (is_down_ || cluster_.is_silent())) {
            refusal = sql::unreachable();
        } else {
            refusal = writes_waiting(queue.works.room_for(entry.turn.realm));
            if (!refusal && kind == Kind::publishes) {
                refusal = writes_waiting(
                    queue_of(Kind::delayed_publishes).works.room_for(entry.turn.realm));
            }
        }
        if (!refusal) {
            queue.works.push(std::move(entry));
            queue.changed.notify_one();
            return;
        }
    }
    refuse(entry.work, *refusal);
}

void PostgresqlWriter::run(Lane& lane) {
    (void)connect(lane);
    while (true) {
        auto works = take(lane);
        if (works.empty()) {
            if (has_ended(lane.kind)) return;
            // Lanes whose statement has no answer cannot look; one that is idle can.
            if (cluster_.is_silent()) refuse_waiting();
            if (!lane.link.is_connected()) (void)connect(lane);
        } else if (lane.kind == Kind::publishes || lane.kind == Kind::delayed_publishes) {
            run_publishes(lane, std::move(works));
        } else if (lane.kind == Kind::outcomes) {
            run_outcomes(lane, std::move(works[0].work));
        } else {
            const Turn turn = works[0].turn;
            // The server does not count rows; time is as good a measure.
            const Duration took = run_closure(lane, std::move(works[0].work));
            charge(Kind::closures, turn, static_cast<std::uint64_t>(took / 100us));
            ended(turn.realm, took);
            renew_statistics(lane);
        }
    }
}

/// What the lane does next; nothing when it should look at its connection or at the end.
std::vector<PostgresqlWriter::Entry> PostgresqlWriter::take(Lane& lane) {
    const MutexLock lock(mutex_);
    Queue& queue = queue_of(lane.kind);
    auto first = next(lane.kind);
    while (!first && !is_over(lane.kind)) {
        if (!lane.link.is_connected()) {
            queue.changed.wait_for(mutex_,
                                   std::max(lane.link.wait(), limits::postgresql_reconnect_first));
        } else if (lane.kind == Kind::closures) {
            queue.changed.wait_for(mutex_, limits::node_heartbeat_interval);
        } else {
            queue.changed.wait(mutex_);
        }
        first = next(lane.kind);
        if (!lane.link.is_connected() || lane.kind == Kind::closures) break;
    }
    std::vector<Entry> works;
    if (!first) return works;
    works.push_back(std::move(*first));
    const RealmId realm = works.front().turn.realm;
    while (works.size() < limits::writer_group_max && !is_large(works.front())) {
        std::optional<Entry> entry;
        if (lane.kind == Kind::publishes) entry = queue.works.pop();
        if (lane.kind == Kind::delayed_publishes) {
            entry = queue.works.pop_of(realm);
        }
        if (!entry) break;
        if (is_large(*entry)) {
            queue.put_off = std::move(*entry);
            break;
        }
        works.push_back(std::move(*entry));
    }
    return works;
}

bool PostgresqlWriter::is_large(const Entry& entry) {
    const auto* publish = std::get_if<PublishWork>(&entry.work);
    return publish != nullptr && has_own_transaction(*publish, entry.bytes);
}

/// The next one by turns that may run now.
std::optional<PostgresqlWriter::Entry> PostgresqlWriter::next(Kind kind) {
    Queue& queue = queue_of(kind);
    if (queue.put_off) return std::exchange(queue.put_off, std::nullopt);
    auto entry = queue.works.pop();
    if (entry && kind == Kind::closures) {
        closure_lanes_.begins(entry->turn.realm);
        note_who_may_begin();
    }
    return entry;
}

void PostgresqlWriter::ended(const RealmId& realm, Duration took) {
    const MutexLock lock(mutex_);
    closure_lanes_.ends(realm, took);
    note_who_may_begin();
    // What waited for it may run beside what this lane does next.
    queue_of(Kind::closures).changed.notify_one();
}

/// After a closure has begun or ended.
void PostgresqlWriter::note_who_may_begin() {
    auto& works = queue_of(Kind::closures).works;
    const auto held_back = works.held_back();
    const auto waits = closure_lanes_.who_waits();
    for (const RealmId& realm : held_back) {
        if (!waits.contains(realm)) works.let_go(realm);
    }
    for (const RealmId& realm : waits) works.hold_back(realm);
}

void PostgresqlWriter::charge(Kind kind, const Turn& turn, std::uint64_t cost) {
    const MutexLock lock(mutex_);
    queue_of(kind).works.charge(turn, cost);
}

/// These were too much for one transaction, and are their callers' next.
void PostgresqlWriter::put_back(Kind kind, std::vector<Entry> works) {
    const MutexLock lock(mutex_);
    while (!works.empty()) {
        queue_of(kind).works.put_back(std::move(works.back()));
        works.pop_back();
    }
}

/// Their realm is changing how its events match: they wait for it where nobody else does.
void PostgresqlWriter::delay(std::vector<Entry> works) {
    if (works.empty()) return;
    const MutexLock lock(mutex_);
    Queue& queue = queue_of(Kind::delayed_publishes);
    for (auto& entry : works) queue.works.push(std::move(entry));
    queue.changed.notify_one();
}

bool PostgresqlWriter::is_over(Kind kind) {
    const Queue& queue = queue_of(kind);
    if (!stopping_ || !queue.works.empty() || queue.put_off) return false;
    return kind != Kind::delayed_publishes || have_publishes_ended_;
}

bool PostgresqlWriter::has_ended(Kind kind) {
    const MutexLock lock(mutex_);
    if (!is_over(kind)) return false;
    if (kind == Kind::publishes) {
        have_publishes_ended_ = true;
        queue_of(Kind::delayed_publishes).changed.notify_all();
    }
    return true;
}

bool PostgresqlWriter::is_stopping() {
    const MutexLock lock(mutex_);
    return stopping_;
}

/// Until they are written: outcomes are facts, which nobody can tell again.
void PostgresqlWriter::run_outcomes(Lane& lane, Work work) {
    auto& closure = std::get<ClosureWork>(work);
    while (true) {
        const Ran ran = repeat(lane, begin_outcomes, closure.closure);
        if (ran.end == End::committed) {
            if (closure.done) closure.done({});
            return;
        }
        if (ran.end == End::refused || is_stopping()) return refuse(work, ran.error);
        pause(lane);
    }
}

Duration PostgresqlWriter::run_closure(Lane& lane, Work work) {
    auto& closure = std::get<ClosureWork>(work);
    std::vector<AnswerWait> waits;
    const Body body = [&](Transaction& tx) {
        auto result = closure.closure(tx);
        waits = tx.end_work();
        return result;
    };
    Duration took{0};
    Ran ran = run_beside_others(lane, body, took);
    if (ran.end == End::again || ran.end == End::lost) {
        const std::lock_guard turn(closures_turn_);
        const std::unique_lock alone(closures_mutex_);
        const Monotonic before = clock_.monotonic();
        ran = repeat(lane, begin_closure, body, true);
        took += std::chrono::floor<Duration>(clock_.monotonic() - before);
    }
    if (ran.end != End::committed) {
        refuse(work, ran.error);
        return took;
    }
    if (ran.spoken != 0) {
        waits.push_back([this, spoken = ran.spoken](std::function<void()> then) {
            cluster_.committed(spoken, std::move(then));
        });
    }
    after_all(std::move(waits), [done = std::move(closure.done)] {
        if (done) done({});
    });
    return took;
}

/// Most conflicts are over at once, and to be alone is to wait for the longest of the others.
PostgresqlWriter::Ran PostgresqlWriter::run_beside_others(Lane& lane, const Body& body,
                                                          Duration& took) {
    for (int agains = 0;; ++agains) {
        Ran ran;
        {
            std::shared_lock together(closures_mutex_, std::defer_lock);
            {
                const std::lock_guard turn(closures_turn_);
                together.lock();
            }
            const Monotonic before = clock_.monotonic();
            ran = transact(lane, begin_closure, body, false);
            took += std::chrono::floor<Duration>(clock_.monotonic() - before);
        }
        if (ran.end != End::again) return ran;
        if (agains >= limits::postgresql_closure_again_max) return ran;
        std::this_thread::sleep_for(limits::postgresql_again_pause_first * (1 << agains));
    }
}

void PostgresqlWriter::run_publishes(Lane& lane, std::vector<Entry> works) {
    CHECK(publish_handler_ != nullptr);
    std::set<RealmId> realms;
    for (const auto& entry : works) realms.insert(entry.turn.realm);
    const bool waits = lane.kind == Kind::delayed_publishes;
    std::set<RealmId> changing;
    std::vector<Result<PublishAnswer>> answers;
    std::size_t count = 0;
    const auto begin = waits ? begin_delayed_publishes(*realms.begin()) : begin_publishes;
    const Ran ran = repeat(lane, begin, [&](Transaction& tx) -> Result<void> {
        auto& own = static_cast<LaneTransaction&>(tx);
        changing.clear();
        if (!waits) {
            POSTRIDER_ASSIGN(changing, own.try_matching(realms));
        }
        std::vector<PublishWork*> publishes;
        for (auto& entry : works) {
            if (changing.contains(entry.turn.realm)) continue;
            publishes.push_back(&std::get<PublishWork>(entry.work));
        }
        if (publishes.empty()) return std::unexpected(busy_error());
        own.holds_matching(realms);
        answers.assign(publishes.size(), Result<PublishAnswer>{});
        POSTRIDER_ASSIGN(count, publish_handler_(tx, publishes, answers));
        return {};
    });
    delay(take_out(works, changing));
    if (ran.end == End::committed) {
        for (std::size_t i = 0; i < count; ++i) {
            if (answers[i]) charge(lane.kind, works[i].turn, answers[i]->rows);
            tell(std::get<PublishWork>(works[i].work), std::move(answers[i]));
        }
        works.erase(works.begin(), works.begin() + static_cast<std::ptrdiff_t>(count));
        put_back(lane.kind, std::move(works));
    } else if (ran.end == End::refused && works.size() > 1) {
        // One of them is at fault: each alone.
        for (auto& entry : works) {
            std::vector<Entry> one;
            one.push_back(std::move(entry));
            run_publishes(lane, std::move(one));
        }
    } else {
        for (auto& entry : works) refuse(entry.work, ran.error);
    }
}

/// Takes out what is of these realms.
std::vector<PostgresqlWriter::Entry> PostgresqlWriter::take_out(std::vector<Entry>& works,
                                                                const std::set<RealmId>& realms) {
    std::vector<Entry> out;
    if (realms.empty()) return out;
    std::vector<Entry> kept;
    for (auto& entry : works) {
        (realms.contains(entry.turn.realm) ? out : kept).push_back(std::move(entry));
    }
    works = std::move(kept);
    return out;
}

/// transact() until it is not in another's way, and once more when the connection was broken.
PostgresqlWriter::Ran PostgresqlWriter::repeat(Lane& lane, const std::string& begin,
                                               const Body& body, bool no_outcomes) {
    int agains = 0;
    int losses = 0;
    while (true) {
        Ran ran = transact(lane, begin, body, no_outcomes);
        if (ran.end == End::again && ++agains <= limits::postgresql_runs_again_max) {
            // Whoever is in the way, on any node, gets out of it meanwhile.
            std::this_thread::sleep_for(
                std::min(limits::postgresql_again_pause_first * (1 << (agains - 1)),
                         limits::postgresql_again_pause_max));
            continue;
        }
        // A connection that was idle may have been closed meanwhile; the next one tells.
        if (ran.end == End::lost && ++losses <= 1 && !is_down_) continue;
        return ran;
    }
}

/// Again when it turns out that it must hold something off: that is done before it begins.
PostgresqlWriter::Ran PostgresqlWriter::transact(Lane& lane, const std::string& begin,
                                                 const Body& body, bool no_outcomes) {
    HeldOff held_off{no_outcomes, {}};
    while (true) {
        const bool holds_off = held_off.is_any();
        Ran ran = transact_once(lane, begin, body, held_off);
        // A session that was lost has let go.
        if (holds_off && lane.link.is_connected() && !(*lane.link.get())->execute(let_go)) {
            lane.link.drop();
        }
        if (ran.end != End::alone) return ran;
    }
}

PostgresqlWriter::Ran PostgresqlWriter::transact_once(Lane& lane, const std::string& begin,
                                                      const Body& body, HeldOff& held_off) {
    auto connection = connect(lane);
    if (!connection) return {End::lost, sql::unreachable()};
    (*connection)->clear_failure();
    if (held_off.is_any()) {
        const auto script = hold_off(held_off.outcomes, held_off.matching);
        auto held = (*connection)->execute(script.c_str());
        if (!held) return give_up(lane, held.error());
    }
    LaneTransaction tx(*this, **connection, held_off);
    if (auto begun = (*connection)->execute(begin.c_str()); !begun) {
        return give_up(lane, begun.error());
    }
    auto done = guard_memory([&] { return body(tx); });
    if (tx.must_be_alone()) {
        Ran ran = give_up(lane, busy_error());
        return ran.end == End::lost ? ran : Ran{End::alone, busy_error()};
    }
    if (!done) return give_up(lane, done.error());
    // A closure may have overlooked a statement's error; the transaction has not.
    if ((*connection)->last_failure() != Failure::none) {
        return give_up(lane, (*connection)->last_error());
    }
    return commit(lane, tx);
}

/// Takes the transaction back.
PostgresqlWriter::Ran PostgresqlWriter::give_up(Lane& lane, const Error& error) {
    PostgresqlConnection& connection = **lane.link.get();
    const Failure failure = connection.last_failure();
    if (failure == Failure::lost || !connection.execute("ROLLBACK")) {
        lane.link.drop();
        return {End::lost, sql::unreachable()};
    }
    if (failure == Failure::again) return {End::again, busy_error()};
    if (error.problem != nullptr && error.problem == std::string_view("filter-too-wide")) {
        return {End::refused, busy_error()};  // a write has no filters
    }
    // Whoever was first can be seen now, and the closure says it in its own words.
    if (failure == Failure::unique) return {End::again, error};
    return {End::refused, error};
}

PostgresqlWriter::Ran PostgresqlWriter::commit(Lane& lane, LaneTransaction& tx) {
    PostgresqlConnection& connection = tx.connection();
    const auto number = tx.commit_number();
    // Outcomes and publishes wait for nobody: what they change is not what their caller asked for.
    const auto spoken = cluster_.speak(tx.announced(), lane.kind == Kind::closures);
    const auto script =
        fmt::format("UPDATE postrider_writers SET number = {} WHERE slot = '\\x{}'; {}{} COMMIT",
                    number, lane.slot, spoken.statement, spoken.statement.empty() ? "" : ";");
    const Monotonic before = clock_.monotonic();
    const auto place = order_.line_up();
    const auto committed = connection.execute(script.c_str());
    bool has_committed = committed && connection.last_command() == "COMMIT";
    Ran ran;
    if (!has_committed && connection.last_failure() == Failure::lost) {
        lane.link.drop();
        const auto resolved = resolve(lane, number);
        has_committed = resolved.value_or(false);
        if (!has_committed) {
            ran = resolved ? Ran{End::lost, sql::unreachable()}
                           : Ran{End::undecided, undecided_error()};
        }
    } else if (!has_committed) {
        ran = give_up(lane, committed ? busy_error() : committed.error());
    }
    if (has_committed) {
        ran.spoken = spoken.number;
    } else if (spoken.number != 0) {
        cluster_.forget(spoken.number);
    }
    tx.end();
    order_.wait_turn(place);
    if (has_committed) tx.run_tasks();
    order_.leave();
    if (has_committed) {
        observe(lane.kind, std::chrono::floor<Duration>(clock_.monotonic() - before), 1);
    }
    return ran;
}

/// Whether the transaction with this number took place, after its connection broke during COMMIT.
/// Waits until the database is back: before, nobody knows, and nobody may be told. nullopt: the
/// server stops first.
std::optional<bool> PostgresqlWriter::resolve(Lane& lane, CommitNumber number) {
    // The row is locked until the lost session has ended, either way.
    const auto query = fmt::format(
        "SELECT number FROM postrider_writers WHERE slot = '\\x{}' FOR UPDATE", lane.slot);
    while (true) {
        if (auto connection = connect(lane)) {
            (*connection)->clear_failure();
            if (auto found = (*connection)->value(query)) return *found == std::to_string(number);
            if ((*connection)->last_failure() == Failure::lost) lane.link.drop();
        }
        if (is_stopping() && is_down_) return std::nullopt;
        pause(lane);
    }
}

Result<PostgresqlConnection*> PostgresqlWriter::connect(Lane& lane) {
    const bool was_connected = lane.link.is_connected();
    auto connection = lane.link.get();
    if (connection && !was_connected) {
        if (auto made = make_row(lane, **connection); !made) {
            lane.link.drop();
            connection = std::unexpected(std::move(made).error());
        }
    }
    if (connection) {
        is_down_ = false;
    } else if (!is_down_.exchange(true)) {
        refuse_waiting();
    }
    return connection;
}

/// After a closure, whose caller has been told.
void PostgresqlWriter::renew_statistics(Lane& lane) {
    if (!lane.link.is_connected()) return;
    PostgresqlConnection& connection = **lane.link.get();
    if (!statistics_.note(connection.take_rows_written())) return;
    // They are renewed the next time, then; the lane's next work clears the failure.
    if (!statistics_.renew(connection) && connection.last_failure() == Failure::lost) {
        lane.link.drop();
    }
}

Result<void> PostgresqlWriter::make_row(Lane& lane, PostgresqlConnection& sql) {
    return sql.execute(fmt::format("INSERT INTO postrider_writers VALUES ('\\x{}', 0) "
                                   "ON CONFLICT (slot) DO NOTHING",
                                   lane.slot)
                           .c_str());
}

/// The database is gone: nobody waits for it.
void PostgresqlWriter::refuse_waiting() {
    std::vector<Entry> waiting;
    {
        const MutexLock lock(mutex_);
        for (const Kind kind : {Kind::publishes, Kind::delayed_publishes, Kind::closures}) {
            Queue& queue = queue_of(kind);
            if (queue.put_off) waiting.push_back(*std::exchange(queue.put_off, std::nullopt));
            for (auto& entry : queue.works.take_all()) waiting.push_back(std::move(entry));
        }
    }
    for (auto& entry : waiting) refuse(entry.work, sql::unreachable());
}

/// Before another attempt.
void PostgresqlWriter::pause(Lane& lane) {
    const MutexLock lock(mutex_);
    // A notification for new work may end it early: one more attempt costs little.
    queue_of(lane.kind).changed.wait_for(
        mutex_, std::max(lane.link.wait(), limits::postgresql_reconnect_first));
}

void PostgresqlWriter::observe(Kind kind, Duration duration, std::size_t works) {
    if (observer_ == nullptr) return;
    CommitReport report{.duration = duration, .works = works, .waiting = 0, .wal_bytes = 0};
    {
        const MutexLock lock(mutex_);
        report.waiting = queue_of(kind).works.size();
    }
    observer_(report);
}

}  // namespace postrider::store
