#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/shares.h"
#include "events/event_bell.h"
#include "feed/alarm.h"
#include "feed/background.h"
#include "feed/tail.h"
#include "model/feed_limits.h"
#include "store/event_news.h"
#include "store/realm_store.h"

namespace postrider::feed {

/// The position is too old, or of a log that is not this one: 410, "position-gone".
Error position_gone(std::string reason);

/// Reads the log forward for many, and lets them wait for what comes next.
///
/// A call that waits costs no reading: a commit of events rings the bell, here or on another node;
/// then one read of the realm's newest events answers all that wait in it. A busy realm is looked
/// at a little later the more of them there are (limits::feed_pace_per_wait). Who waits at the same
/// place for the same gets the same page. Pages are made on a thread of their own, some at a time;
/// the thread that commits only leaves a note.
/// Thread-safety: any thread.
class Feed final : public events::EventBell {
 public:
    /// Lifetime: store, news and loop outlive it, and the loop ends before it.
    Feed(store::Store& store, store::EventNews& news, const Clock& clock, net::EventLoop& loop);

    /// Where a call begins, and what it wants.
    struct Start {
        Position after;
        std::vector<std::string> patterns;  ///< empty: everything
    };
    struct Ask {
        store::RealmStore store;
        RealmId realm;
        Start start;
        /// Finds it in the store instead. May run twice.
        std::function<Result<Start>(store::sql::Connection&)> find_start = nullptr;
        std::size_t limit = limits::feed_page_default;
        Duration wait{0};  ///< for the first event that is wanted
        Timestamp kept_since;
        Shares::Holders who;       ///< on whose account it waits
        std::string network = {};  ///< that it comes from: pages are counted to it too
    };
    using Done = std::function<void(Result<Page>)>;
    /// Calls back once, from any thread: with what is there, or, when nothing is, with what comes
    /// within `wait`, or else with an empty page. Errors: position_gone(); resource_exhausted (too
    /// many calls of one key or realm wait, or too large pages are on their way to them),
    /// unavailable (too many in all); the store's.
    void read(Ask ask, Done done);

    void ring(const RealmId& realm) override;
    /// Ends every wait, with an empty page, and the feed's thread; later calls do not wait.
    void stop();
    /// How many calls wait.
    std::size_t waiting() const { return waits_->used(); }
    /// Of pages on their way to callers. Thread-safety: any thread.
    std::uint64_t bytes_of_pages() const { return pages_->used(); }

 private:
    struct Call;
    struct Found {
        Start start;
        Page page;
        bool is_unsettled = false;
        store::FeedPlace newest = {};  ///< of a call that is behind: where the log ends
    };
    /// What does not change while a call waits.
    struct Asked {
        Wanted wanted;
        std::size_t hash = 0;  ///< of `wanted`
        Timestamp kept_since;
        Shares::Holders holders;  ///< of a page
    };
    struct Waiter {
        Position at;
        std::shared_ptr<const Asked> asked;
        Done done;
        Shares::Hold hold;
        Alarm::Ticket deadline = 0;
    };
    /// Those who wait in a realm, while their pages are made.
    struct Answering;
    /// What is known of a realm that somebody asks for.
    struct Realm {
        Tail tail;
        std::map<std::uint64_t, Waiter> waiters;  ///< in the order in which they came
        std::uint64_t rung = 0;                   ///< the last ring of its bell
        std::uint64_t looking_at = 0;             ///< `rung` when the look that goes on began
        std::uint64_t seen = 0;                   ///< what rang so far is in the tail
        bool has_rest = false;                    ///< the last look left something
        bool is_looking = false;                  ///< reads, or makes the pages of what it has read
        bool look_again = false;
        bool listens = false;
        Monotonic look_not_before{};
        Duration settle{0};
        std::optional<std::pair<Monotonic, Alarm::Ticket>> look;  ///< when the next one is due
        Monotonic used_at{};
        bool is_purge_set = false;
    };
    using Task = std::function<void()>;
    using Tasks = std::vector<Task>;  ///< to run once no lock is held

    void read_store(const std::shared_ptr<Call>& call);
    void found(const std::shared_ptr<Call>& call, Result<Found> found);
    void wait(Call& call, Found found);
    void begin_tail(const RealmId& id, const store::FeedPlace& at);
    bool is_followed(const Realm& realm) const REQUIRES_LOCK(mutex_);
    Realm& use(const RealmId& id) REQUIRES_LOCK(mutex_);
    void want_look(const RealmId& id, Realm& realm, Monotonic when, Tasks& tasks)
        REQUIRES_LOCK(mutex_);
    void look_due(const RealmId& id);
    void look(const RealmId& id, const store::FeedPlace& from);
    void looked(const RealmId& id, const store::FeedPlace& from,
                Result<store::feed_table::Read> read);
    std::shared_ptr<Answering> begin_answering(const RealmId& id, Realm& realm)
        REQUIRES_LOCK(mutex_);
    void answer_next(const std::shared_ptr<Answering>& answering);
    bool answer_some(Answering& answering);
    void answer_group(Answering& answering, std::size_t first, std::size_t last);
    Result<Page> page_of(const Answering& answering, const Outline& found, std::size_t first,
                         std::size_t last);
    void end_answering(const Answering& answering);
    Result<Shares::Hold> room_for(const Shares::Holders& holders, std::size_t bytes) const;
    void hear_rings();
    void expire(const RealmId& id, std::uint64_t waiter);
    void heard(const std::vector<RealmId>& realms);
    void purge(const RealmId& id);
    void set_purge(const RealmId& id, Realm& realm) REQUIRES_LOCK(mutex_);
    Page empty_page(const Position& at) const;

    store::Store& store_;
    store::EventNews& news_;
    const Clock& clock_;
    const store::FeedOrder order_;
    Alarm alarm_;
    const std::shared_ptr<Shares> waits_ = std::make_shared<Shares>(limits::feed_waits_max);
    const std::shared_ptr<Shares> pages_ = std::make_shared<Shares>(limits::feed_pages_bytes_max);
    std::atomic<std::uint64_t> rings_{0};
    std::atomic<std::size_t> realm_count_{0};

    Mutex mutex_;
    std::unordered_map<RealmId, Realm> realms_ GUARDED_BY(mutex_);
    std::size_t tail_bytes_ GUARDED_BY(mutex_) = 0;
    std::uint64_t last_waiter_ GUARDED_BY(mutex_) = 0;
    bool is_stopped_ GUARDED_BY(mutex_) = false;

    /// The committing thread's: held for an insertion only.
    Mutex rung_mutex_;
    std::unordered_map<RealmId, std::uint64_t> rung_ GUARDED_BY(rung_mutex_);
    Background background_;  // the last: its thread uses the rest
};

}  // namespace postrider::feed
