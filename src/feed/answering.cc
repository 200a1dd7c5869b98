#include "feed/answering.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "base/memory_guard.h"

/// How a look at the log becomes the pages of those who wait.
namespace postrider::feed {

using store::FeedPlace;

/// Notes who waits, and what there is for them.
std::shared_ptr<Feed::Answering> Feed::begin_answering(const RealmId& id, Realm& realm) {
    auto answering = std::make_shared<Answering>();
    answering->realm = id;
    FeedPlace from = realm.tail.end();
    for (const auto& [number, waiter] : realm.waiters) {
        answering->waiting.push_back({number, waiter.at, waiter.asked->kept_since, waiter.asked});
        if (realm.tail.covers(waiter.at.place)) from = std::min(from, waiter.at.place);
    }
    answering->covered_from = from;
    answering->stretch = realm.tail.behind(from, std::numeric_limits<std::size_t>::max());
    return answering;
}

/// Some of them, and then others have their turn.
void Feed::answer_next(const std::shared_ptr<Answering>& answering) {
    bool has_more = false;
    // Without the memory for it the rest waits for the next look.
    const bool is_done = spare_others([&] { has_more = answer_some(*answering); });
    if (!is_done) answering->again = true;
    if (is_done && has_more) {
        return background_.post([this, answering] { answer_next(answering); });
    }
    end_answering(*answering);
}

/// Returns true if there are more.
bool Feed::answer_some(Answering& answering) {
    auto& waiting = answering.waiting;
    const auto key = [](const Answering::One& one) {
        return std::tuple(one.at.place, one.asked->wanted.limit, one.kept_since, one.asked->hash);
    };
    if (!std::exchange(answering.is_sorted, true)) {
        // Nearly always all that there is is newer than what anybody's realm keeps.
        Timestamp oldest = Timestamp::max();
        for (const auto& entry : answering.stretch.entries) {
            oldest = std::min(oldest, entry->position.seen_at);
        }
        for (auto& one : waiting) {
            if (one.kept_since <= oldest) one.kept_since = {};
        }
        std::ranges::stable_sort(waiting, {}, key);
    }
    for (std::size_t pages = 0; answering.next < waiting.size(); ++pages) {
        if (pages == limits::feed_pages_at_once) return true;
        const std::size_t first = answering.next;
        std::size_t last = first + 1;
        while (last < waiting.size() && key(waiting[last]) == key(waiting[first]) &&
               waiting[last].asked->wanted.patterns == waiting[first].asked->wanted.patterns) {
            ++last;
        }
        answering.next = last;
        answer_group(answering, first, last);
    }
    return false;
}

/// Those from `first` to before `last` get one page, if there is something for them.
void Feed::answer_group(Answering& answering, std::size_t first, std::size_t last) {
    const auto& one = answering.waiting[first];
    const bool is_covered = one.at.place >= answering.covered_from;
    Outline found{.entries = {}, .end = one.at};
    if (is_covered) found = outline(answering.stretch, one.at, one.asked->wanted, one.kept_since);
    // It goes on in the store: more came at once than the tail holds.
    if (!is_covered) found.has_more = true;
    const bool is_answered = !found.entries.empty() || found.has_more;
    Result<Page> page = page_of(answering, found, first, last);
    std::vector<Waiter> gone;
    {
        const MutexLock lock(mutex_);
        const auto realm = realms_.find(answering.realm);
        if (realm == realms_.end()) return;
        for (std::size_t i = first; i < last; ++i) {
            const auto waiter = realm->second.waiters.find(answering.waiting[i].number);
            if (waiter == realm->second.waiters.end()) continue;
            if (!is_answered) {
                waiter->second.at.place = found.end.place;
                waiter->second.at.seen_at = std::max(waiter->second.at.seen_at, found.end.seen_at);
                continue;
            }
            alarm_.cancel(waiter->second.deadline);
            gone.push_back(std::move(waiter->second));
            realm->second.waiters.erase(waiter);
        }
    }
    answering.answered += gone.size();
    for (Waiter& waiter : gone) {
        waiter.hold.reset();
        waiter.done(page);
    }
}

/// Counted to the first of them who has room for it.
Result<Page> Feed::page_of(const Answering& answering, const Outline& found, std::size_t first,
                           std::size_t last) {
    if (found.entries.empty()) {
        Page page = empty_page(found.end);
        page.has_more = found.has_more;
        return page;
    }
    Result<Shares::Hold> hold = Shares::Hold();
    for (std::size_t i = first; i < last; ++i) {
        hold = room_for(answering.waiting[i].asked->holders, found.bytes);
        if (hold) return found.make(std::move(*hold));
    }
    return std::unexpected(std::move(hold).error());
}

void Feed::end_answering(const Answering& answering) {
    Tasks tasks;
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(answering.realm);
        if (found == realms_.end()) return;
        Realm& realm = found->second;
        const RealmId& id = answering.realm;
        const auto now = clock_.monotonic();
        realm.is_looking = false;
        const bool again = std::exchange(realm.look_again, false) || answering.again;
        realm.look_not_before =
            now + (realm.waiters.empty() && answering.answered == 0
                       ? limits::feed_pace_max
                       : std::min<Duration>(limits::feed_pace_per_wait * answering.answered,
                                            limits::feed_pace_max));
        realm.settle = !answering.is_unsettled
                           ? Duration{0}
                           : std::clamp<Duration>(2 * realm.settle, limits::feed_settle_first,
                                                  limits::feed_settle_max);
        if (again || answering.has_more) want_look(id, realm, now, tasks);
        if (answering.is_unsettled) want_look(id, realm, now + realm.settle, tasks);
    }
    for (const auto& task : tasks) task();
}

/// Small pages are not worth counting: the connections that they go to are.
Result<Shares::Hold> Feed::room_for(const Shares::Holders& holders, std::size_t bytes) const {
    if (bytes <= limits::inbound_bytes_free) return Shares::Hold();
    Shares::Hold hold(pages_, holders);
    switch (hold.take(bytes)) {
        case Shares::Answer::taken:
            return hold;
        case Shares::Answer::over_share:
            return fail(ErrorCode::resource_exhausted,
                        "This client (its address, its key or its realm) has its share of the "
                        "pages on their way; let some of them arrive first.");
        case Shares::Answer::full:
            break;
    }
    return fail(ErrorCode::unavailable, "Too many pages are on their way; ask again soon.");
}

}  // namespace postrider::feed
