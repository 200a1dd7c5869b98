#pragma once

#include <optional>
#include <unordered_set>

#include "base/time.h"
#include "model/ids.h"
#include "store/store.h"

namespace postrider::delivery {

/// What the store has of a lane that memory has not. A lane that is behind takes nothing from the
/// publishers: what is due comes by reading the store, until a read came back whole from a snapshot
/// that has seen every commit that was told of. Told the time, does no I/O.
///
///     state    | fall_behind | reset   | begin_read | end_read: all | a part | nothing yet |
///     refused
///     ---------+-------------+---------+------------+---------------+--------+-------------+--------
///     level    | behind      | behind  | –          | –             | –      | –           | –
///     behind   | behind      | behind  | reading    | –             | –      | –           | –
///     resting  | behind      | behind  | reading    | –             | –      | –           | –
///     reading  | reading     | in_vain | –          | level         | behind | resting     |
///     resting in_vain  | in_vain     | in_vain | –          | behind        | behind | behind |
///     resting
///
/// When the time of due_at() has come, take_due() is a fall_behind.
/// Thread-safety: the engine's thread.
class Backlog {
 public:
    enum class State {
        level,    ///< memory has all that is due soon; the store may have some for later
        behind,   ///< a read is wanted
        resting,  ///< a read is wanted when due_at() has come: the last one was refused, or saw
                  ///< less than was told
        reading,
        in_vain,  ///< reading, but its snapshot may be older than a cancellation
    };

    State state() const { return state_; }
    bool is_behind() const { return state_ != State::level; }
    bool is_reading() const { return state_ == State::reading || state_ == State::in_vain; }
    bool wants_read() const { return state_ == State::behind; }
    /// When the store has something that is due, as far as is known, or is to be asked again.
    std::optional<Timestamp> due_at() const { return due_at_; }

    /// The store has something that is due at `due_at`, or later.
    void tell(Timestamp due_at);
    /// It may have something due that memory has not, since `commit`.
    void fall_behind(store::CommitNumber commit);
    /// What is pending may have been cancelled at or before `commit`: nothing that was read or
    /// planned before is trusted.
    void reset(store::CommitNumber commit);
    /// Something that is pending may be due earlier than memory has it, since `commit`: no retry
    /// that was recorded before is trusted.
    void distrust(store::CommitNumber commit);
    /// Whether what was recorded at `commit` may have been cancelled, or made due.
    bool may_be_cancelled(store::CommitNumber commit) const { return commit <= reset_at_; }
    store::CommitNumber reset_at() const { return reset_at_; }
    /// A retry of `commit` was left to the store.
    void leave(Timestamp due_at, store::CommitNumber commit);
    /// Whether something of the store was due by `now`: then the lane is behind.
    bool take_due(Timestamp now);

    /// Nothing is pending that was due before what this answers. Requires: behind or resting.
    Timestamp begin_read(Timestamp now);
    /// An outcome was recorded: a read that is under way may still show it pending.
    void settled(const DeliveryId& delivery);
    bool is_settled(const DeliveryId& delivery) const { return settled_.contains(delivery); }

    /// What a read brought, of a snapshot that has seen `commit`.
    struct Answer {
        store::CommitNumber commit = 0;
        std::optional<Timestamp> first_due_at;  ///< of what is pending; nullopt: nothing is
        bool took_any = false;                  ///< memory has some of it
        bool took_all = false;                  ///< all of it that is due soon
        std::optional<Timestamp> later_at;  ///< the first that memory was not given, if `took_all`
    };
    /// Requires: a read is under way.
    void end_read(const Answer& answer, Timestamp now);
    /// What refused the read is busy: again in limits::refill_again_after.
    void refuse_read(Timestamp now);

 private:
    void rest_until(Timestamp at);

    State state_ = State::behind;
    /// A read that is to find all sees it.
    store::CommitNumber behind_since_ = 0;
    /// Nothing that is pending was due before it when the store was last read; what came later has
    /// told. Reads begin there: a queue in a database has what is done before what is to do, and a
    /// database that cannot clean up would go through all of it. nullopt: nothing is known.
    std::optional<Timestamp> due_since_;
    /// The earliest that was told while reading, which the read may not have seen.
    std::optional<Timestamp> told_due_since_;
    Timestamp read_at_{};
    /// Retries recorded at or before this commit may have been cancelled by it, or made due.
    store::CommitNumber reset_at_ = 0;
    std::unordered_set<DeliveryId> settled_;  // while reading
    std::optional<Timestamp> due_at_;
    /// The earliest that was left to the store during a read.
    std::optional<Timestamp> left_while_reading_;
    /// The last commit that left a retry to the store.
    store::CommitNumber left_at_ = 0;
};

}  // namespace postrider::delivery
