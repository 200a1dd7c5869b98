#pragma once

#include <set>

#include "base/mutex.h"
#include "store/store.h"

namespace postrider::store {

/// The order of transactions that run side by side on several connections.
///
/// Each gets a number when it begins. A snapshot surely sees the commits below the oldest that has
/// not ended. What follows a commit (its after_commit tasks) runs one transaction after another in
/// the order in which they asked to commit; one that waited for another's row lock asked later, so
/// tasks about the same row keep the order of its changes, while the commits themselves overlap.
/// Thread-safety: any thread.
class CommitOrder {
 public:
    using Place = std::uint64_t;

    CommitNumber begin();
    /// It has committed, or not: nothing more of it will become visible.
    void end(CommitNumber number);
    /// Every commit up to this one is seen by a snapshot that begins now.
    CommitNumber seen() const;
    /// No commit up to now has a higher number.
    CommitNumber last() const;

    /// Before COMMIT is sent. Every place must be left.
    Place line_up();
    /// Waits until everybody before has left.
    void wait_turn(Place place);
    /// Requires: its turn has come.
    void leave();

 private:
    mutable Mutex mutex_;
    Condition left_;
    CommitNumber next_ GUARDED_BY(mutex_) = 0;
    std::set<CommitNumber> open_ GUARDED_BY(mutex_);
    Place next_place_ GUARDED_BY(mutex_) = 0;
    Place turn_ GUARDED_BY(mutex_) = 0;
};

}  // namespace postrider::store
