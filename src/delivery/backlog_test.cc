#include "delivery/backlog.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "model/limits.h"

namespace postrider::delivery {
namespace {

using State = Backlog::State;
const Timestamp start = parse_rfc3339("2026-11-23T12:00:00Z").value();

Backlog::Answer answer(store::CommitNumber commit, bool took_all, bool took_any = false) {
    Backlog::Answer made;
    made.commit = commit;
    made.took_all = took_all;
    made.took_any = took_any;
    return made;
}

/// A backlog in each of its states.
Backlog in(State state) {
    Backlog backlog;
    if (state == State::behind) return backlog;
    backlog.begin_read(start);
    if (state == State::level) backlog.end_read(answer(1, true), start);
    if (state == State::resting) backlog.refuse_read(start);
    if (state == State::in_vain) backlog.reset(1);
    EXPECT_EQ(backlog.state(), state);
    return backlog;
}

/// The table of the header, line by line.
TEST(BacklogTest, states) {
    using enum State;
    struct Line {
        State from, fall_behind, reset;
    };
    for (const auto& [from, fall_behind, reset] :
         {Line{level, behind, behind}, Line{behind, behind, behind}, Line{resting, behind, behind},
          Line{reading, reading, in_vain}, Line{in_vain, in_vain, in_vain}}) {
        SCOPED_TRACE(static_cast<int>(from));
        auto backlog = in(from);
        backlog.fall_behind(7);
        EXPECT_EQ(backlog.state(), fall_behind);
        backlog = in(from);
        backlog.reset(7);
        EXPECT_EQ(backlog.state(), reset);
    }
    for (const State from : {behind, resting}) {
        auto backlog = in(from);
        backlog.begin_read(start);
        EXPECT_EQ(backlog.state(), reading);
    }
    struct End {
        State from, all, part, nothing, refused;
    };
    for (const auto& [from, all, part, nothing, refused] :
         {End{reading, level, behind, resting, resting},
          End{in_vain, behind, behind, behind, resting}}) {
        SCOPED_TRACE(static_cast<int>(from));
        const auto end = [&](bool took_all, bool took_any, store::CommitNumber told) {
            auto backlog = in(from);
            backlog.fall_behind(told);
            backlog.end_read(answer(5, took_all, took_any), start);
            return backlog.state();
        };
        EXPECT_EQ(end(true, true, 5), all);
        EXPECT_EQ(end(false, true, 5), part);
        EXPECT_EQ(end(true, true, 6), behind) << "not all that was told of";
        EXPECT_EQ(end(true, false, 6), nothing);
        auto backlog = in(from);
        backlog.refuse_read(start);
        EXPECT_EQ(backlog.state(), refused);
    }
}

TEST(BacklogTest, rests_until_its_time_or_until_it_is_told) {
    auto backlog = in(State::resting);
    EXPECT_EQ(backlog.due_at(), start + limits::refill_again_after);
    EXPECT_FALSE(backlog.take_due(start));
    EXPECT_TRUE(backlog.take_due(start + limits::refill_again_after));
    EXPECT_TRUE(backlog.wants_read());
    EXPECT_EQ(backlog.due_at(), std::nullopt);
}

TEST(BacklogTest, reads_begin_where_the_first_pending_one_was) {
    auto backlog = in(State::behind);
    EXPECT_EQ(backlog.begin_read(start), Timestamp{});
    auto found = answer(1, false, true);
    found.first_due_at = start - 5s;
    backlog.end_read(found, start);
    EXPECT_EQ(backlog.begin_read(start + 1s), start - 5s);
    backlog.tell(start - 3s);  // while it reads: it may not see it
    backlog.end_read(answer(2, true), start + 1s);
    backlog.fall_behind(3);
    EXPECT_EQ(backlog.begin_read(start + 2s), start - 3s);
}

TEST(BacklogTest, a_retry_left_during_a_read_is_not_forgotten) {
    auto backlog = in(State::level);
    backlog.leave(start + 60s, 2);
    backlog.fall_behind(3);
    backlog.begin_read(start);
    backlog.settled(DeliveryId{});
    EXPECT_TRUE(backlog.is_settled(DeliveryId{}));
    backlog.leave(start + 30s, 4);
    auto found = answer(3, true);
    found.later_at = start + 60s;
    backlog.end_read(found, start);
    EXPECT_EQ(backlog.due_at(), start + 30s);
    EXPECT_FALSE(backlog.is_settled(DeliveryId{}));
    EXPECT_TRUE(backlog.take_due(start + 30s));
    backlog.begin_read(start + 30s);
    backlog.end_read(answer(3, true), start + 30s);
    EXPECT_TRUE(backlog.is_behind()) << "that snapshot is older than the retry";
}

TEST(BacklogTest, a_retry_whose_time_comes_during_the_read_is_not_forgotten) {
    auto backlog = in(State::level);
    backlog.fall_behind(3);
    backlog.begin_read(start);
    // The snapshot has the retry; memory does not take it from there.
    backlog.settled(DeliveryId{});
    backlog.leave(start - 1s, 4);
    EXPECT_TRUE(backlog.take_due(start));
    backlog.end_read(answer(4, true), start);
    EXPECT_EQ(backlog.due_at(), start - 1s);
    EXPECT_TRUE(backlog.take_due(start));
    EXPECT_TRUE(backlog.wants_read());
}

TEST(BacklogTest, a_retry_that_is_newer_than_the_snapshot_is_not_forgotten) {
    auto backlog = in(State::level);
    backlog.leave(start + 60s, 5);
    backlog.fall_behind(3);
    backlog.begin_read(start);
    backlog.end_read(answer(4, true), start);
    EXPECT_EQ(backlog.state(), State::level);
    EXPECT_EQ(backlog.due_at(), start + 60s);
}

/// A store of one lane, read with snapshots that may be old: whatever the order, all that is due
/// comes into memory in the end, and nothing twice.
TEST(BacklogTest, random_orders_lose_nothing) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(seed);
        SeededRandom random(seed);
        const auto below = [&](std::uint64_t bound) { return random.next() % bound; };
        Backlog backlog;
        std::map<int, store::CommitNumber> stored;  // pending in the store alone, by commit
        std::set<int> taken;
        store::CommitNumber commit = 0;
        store::CommitNumber snapshot = 0;
        int next = 0;
        Timestamp now = start;
        const auto step = [&](std::uint64_t what) {
            if (what == 0) {  // a commit that memory was not offered
                stored[next++] = ++commit;
                backlog.tell(now);
                backlog.fall_behind(commit);
            } else if (what == 1) {  // a retry that is left to the store
                stored[next++] = ++commit;
                backlog.leave(now + 1s, commit);
            } else if (what == 2 && backlog.wants_read()) {
                backlog.begin_read(now);
                snapshot = commit - std::min<store::CommitNumber>(commit, below(3));
            } else if (what == 3 && backlog.is_reading()) {
                if (below(4) == 0) return backlog.refuse_read(now);
                auto brought = answer(snapshot, true);
                const bool in_vain = backlog.state() == State::in_vain;
                for (auto each = stored.begin(); each != stored.end() && !in_vain;) {
                    if (each->second > snapshot) {
                        ++each;
                    } else if (below(5) == 0) {
                        brought.took_all = false;  // no room
                        break;
                    } else {
                        brought.took_any = true;
                        EXPECT_TRUE(taken.insert(each->first).second);
                        each = stored.erase(each);
                    }
                }
                backlog.end_read(brought, now);
            } else if (what == 4) {
                backlog.reset(commit);
            } else {
                now += 100ms;
                backlog.take_due(now);
            }
        };
        for (int i = 0; i < 200; ++i) step(below(7));
        for (int i = 0; i < 2000 && !stored.empty(); ++i) step(2 + below(2) + 3 * below(2));
        EXPECT_TRUE(stored.empty());
        EXPECT_EQ(taken.size(), static_cast<std::size_t>(next));
    }
}

}  // namespace
}  // namespace postrider::delivery
