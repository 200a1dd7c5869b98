#include "feed/feed.h"

#include <algorithm>
#include <utility>

namespace postrider::feed {

using store::FeedPlace;
using store::feed_table::Read;

Error position_gone(std::string reason) {
    return {ErrorCode::conflict, std::move(reason), {}, "position-gone"};
}

struct Feed::Call {
    Ask ask;
    Done done;
    std::uint64_t began = 0;  ///< rings before it read
};

namespace {

void run(std::vector<std::function<void()>>& tasks) {
    for (const auto& task : tasks) task();
}

Result<void> check_kept(const Position& after, Timestamp kept_since) {
    if (after.is_beginning() || after.seen_at >= kept_since) return {};
    return std::unexpected(
        position_gone("This position is older than what the realm keeps, so events behind it may "
                      "be gone. Begin at oldest_position, or with newest."));
}

}  // namespace

Feed::Feed(store::Store& store, store::EventNews& news, const Clock& clock, net::EventLoop& loop)
    : store_(store), news_(news), clock_(clock), order_(feed_order(store)), alarm_(loop) {
    news_.on_heard([this](const std::vector<RealmId>& realms) { heard(realms); });
}

Page Feed::empty_page(const Position& at) const {
    return {.items = {}, .end = {at.place, std::max(at.seen_at, clock_.now())}};
}

void Feed::read(Ask ask, Done done) {
    auto call = std::make_shared<Call>(Call{.ask = std::move(ask), .done = std::move(done)});
    const Ask& asked = call->ask;
    std::optional<Page> page;
    bool has_rest = false;
    {
        const MutexLock lock(mutex_);
        call->began = rings_.load();
        if (is_stopped_) call->ask.wait = Duration{0};
        if (asked.wait > Duration{0}) {
            const Realm& realm = use(asked.realm);
            const Position& after = asked.start.after;
            if (!asked.find_start && realm.tail.covers(after.place) &&
                check_kept(after, asked.kept_since)) {
                page =
                    realm.tail.page(after, {asked.start.patterns, asked.limit}, asked.kept_since);
                // What is ahead of the tail's end is ahead of the log, or not of this store.
                if (page->count == 0 && (page->has_more || after.place > realm.tail.end())) {
                    page.reset();
                }
                if (page && page->count == 0) {
                    call->began = realm.seen;
                    has_rest = realm.has_rest;
                }
            }
        }
    }
    if (!page) return read_store(call);
    if (page->count > 0) return call->done(std::move(*page));
    // It has read all that the tail has: whether there is more the next look tells all who wait.
    wait(*call, {.start = call->ask.start, .page = std::move(*page), .is_unsettled = has_rest});
}

void Feed::read_store(const std::shared_ptr<Call>& call) {
    store::read<Found>(
        call->ask.store,
        [this, call](store::sql::Connection& sql) -> Result<Found> {
            const Ask& ask = call->ask;
            Found found{.start = ask.start, .page = {}};
            if (ask.find_start) {
                POSTRIDER_ASSIGN(found.start, ask.find_start(sql));
            }
            POSTRIDER_TRY(check_kept(found.start.after, ask.kept_since));
            const Timestamp now = clock_.now();
            const Position& after = found.start.after;
            POSTRIDER_ASSIGN(
                const FeedPlace place,
                store::feed_table::in_order(sql, order_, ask.realm, after.place, after.seen_at));
            const Wanted wanted{found.start.patterns, ask.limit};
            POSTRIDER_ASSIGN(const Read read,
                             store::feed_table::read(
                                 sql, order_,
                                 {.realm = ask.realm,
                                  .after = place,
                                  .kept_since = ask.kept_since,
                                  .limit = ask.limit,
                                  .bytes_max = limits::feed_page_bytes},
                                 [&wanted](std::string_view type) { return wanted.takes(type); }));
            if (read.is_ahead) {
                return std::unexpected(position_gone(
                    "This position is ahead of the log: its database was set back to an older "
                    "state. Begin at oldest_position, or with newest."));
            }
            for (const auto& row : read.rows) {
                if (found.page.count++ > 0) found.page.items += ',';
                found.page.items += make_entry(row).json;
            }
            found.page.unreadable = read.unreadable;
            found.page.has_more = read.has_more;
            found.page.end = {read.end,
                              read.has_more ? read.end.id.time() : std::max(after.seen_at, now)};
            found.is_unsettled = read.is_unsettled;
            return found;
        },
        [this, call](Result<Found> result) { found(call, std::move(result)); });
}

void Feed::found(const std::shared_ptr<Call>& call, Result<Found> found) {
    if (!found) return call->done(std::unexpected(std::move(found).error()));
    const Page& page = found->page;
    if (page.count > 0 || page.unreadable > 0 || page.has_more || call->ask.wait == Duration{0}) {
        return call->done(std::move(found->page));
    }
    wait(*call, std::move(*found));
}

void Feed::wait(Call& call, Found found) {
    Shares::Hold hold(waits_, call.ask.who);
    const auto room = hold.take(1);
    if (room == Shares::Answer::over_share) {
        return call.done(fail(ErrorCode::resource_exhausted,
                              "This key or its realm has as many calls waiting as it may while "
                              "others need some; wait in fewer of them, or ask without wait."));
    }
    if (room == Shares::Answer::full) {
        return call.done(fail(ErrorCode::unavailable,
                              "Too many calls wait for events; ask again soon, or without wait."));
    }
    Tasks tasks;
    {
        const MutexLock lock(mutex_);
        if (is_stopped_) {
            tasks.push_back([&] { call.done(std::move(found.page)); });
        } else {
            const RealmId id = call.ask.realm;
            Realm& realm = use(id);
            const auto number = ++last_waiter_;
            const auto deadline = alarm_.set(clock_.monotonic() + call.ask.wait,
                                             [this, id, number] { expire(id, number); });
            realm.waiters.emplace(
                number, Waiter{.at = found.page.end,
                               .wanted = {std::move(found.start.patterns), call.ask.limit},
                               .kept_since = call.ask.kept_since,
                               .done = std::move(call.done),
                               .hold = std::move(hold),
                               .deadline = deadline});
            if (!std::exchange(realm.listens, true)) news_.listen(id);
            // What was committed since the read began it may not have seen.
            if (realm.rung > call.began || found.is_unsettled) {
                want_look(id, realm, clock_.monotonic(), tasks);
            }
        }
    }
    run(tasks);
}

Feed::Realm& Feed::use(const RealmId& id) {
    auto [place, is_new] = realms_.try_emplace(id);
    Realm& realm = place->second;
    if (is_new) {
        realm_count_.store(realms_.size());
        // It may have been rung while nobody listened.
        realm.rung = rings_.load();
    }
    realm.used_at = clock_.monotonic();
    set_purge(id, realm);
    return realm;
}

void Feed::ring(const RealmId& realm) {
    const auto number = ++rings_;
    news_.committed(realm);
    if (realm_count_.load() == 0) return;
    Tasks tasks;
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(realm);
        if (found == realms_.end()) return;
        found->second.rung = number;
        want_look(realm, found->second, clock_.monotonic(), tasks);
    }
    run(tasks);
}

void Feed::heard(const std::vector<RealmId>& realms) {
    const auto number = ++rings_;
    Tasks tasks;
    {
        const MutexLock lock(mutex_);
        for (auto& [id, realm] : realms_) {
            if (!realms.empty() && std::ranges::find(realms, id) == realms.end()) continue;
            realm.rung = number;
            want_look(id, realm, clock_.monotonic(), tasks);
        }
    }
    run(tasks);
}

/// Looks at `when`, or as soon as it may.
void Feed::want_look(const RealmId& id, Realm& realm, Monotonic when, Tasks& tasks) {
    if (realm.waiters.empty() || is_stopped_) return;
    if (realm.is_looking) {
        realm.look_again = true;
        return;
    }
    when = std::max(when, realm.look_not_before);
    if (realm.look) {
        if (realm.look->first <= when) return;
        alarm_.cancel(realm.look->second);
        realm.look.reset();
    }
    if (when > clock_.monotonic()) {
        realm.look = {when, alarm_.set(when, [this, id] { look_due(id); })};
        return;
    }
    realm.is_looking = true;
    realm.looking_at = realm.rung;
    FeedPlace from = realm.waiters.begin()->second.at.place;
    for (const auto& [number, waiter] : realm.waiters) from = std::min(from, waiter.at.place);
    if (realm.tail.covers(from) && from <= realm.tail.end()) from = realm.tail.end();
    tasks.push_back([this, id, from] { look(id, from); });
}

void Feed::look_due(const RealmId& id) {
    Tasks tasks;
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(id);
        if (found == realms_.end()) return;
        found->second.look.reset();
        want_look(id, found->second, clock_.monotonic(), tasks);
    }
    run(tasks);
}

void Feed::look(const RealmId& id, const FeedPlace& from) {
    store::read<Read>(
        store_, store::Turn::of(id),
        [order = order_, id, from](store::sql::Connection& sql) {
            // Everything, for all that wait. What is too old nobody is shown.
            return store::feed_table::read(sql, order,
                                           {.realm = id,
                                            .after = from,
                                            .kept_since = {},
                                            .limit = limits::feed_page_max,
                                            .bytes_max = limits::feed_page_bytes},
                                           nullptr);
        },
        [this, id, from](Result<Read> read) { looked(id, from, std::move(read)); });
}

void Feed::looked(const RealmId& id, const FeedPlace& from, Result<Read> read) {
    std::vector<Entry> entries;
    if (read) {
        for (const auto& row : read->rows) entries.push_back(make_entry(row));
    }
    Tasks tasks;
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(id);
        if (found == realms_.end()) return;
        Realm& realm = found->second;
        realm.is_looking = false;
        const bool again = std::exchange(realm.look_again, false);
        const auto now = clock_.monotonic();
        if (!read) {
            // The store is busy or gone: those who wait need not know.
            want_look(id, realm, now + limits::feed_settle_max, tasks);
        } else {
            realm.seen = realm.looking_at;
            realm.has_rest = read->has_more || read->is_unsettled;
            tail_bytes_ -= realm.tail.bytes();
            realm.tail.append(from, std::move(entries), read->end);
            if (tail_bytes_ + realm.tail.bytes() > limits::feed_tails_bytes_max) {
                // Who waits here is answered first, and the others read from the store.
                tail_bytes_ += realm.tail.bytes();
                answer_waiters(realm, tasks);
                tail_bytes_ -= realm.tail.bytes();
                realm.tail.clear();
            } else {
                tail_bytes_ += realm.tail.bytes();
                const auto answered = answer_waiters(realm, tasks);
                realm.look_not_before =
                    now + std::min<Duration>(limits::feed_pace_per_wait * answered,
                                             limits::feed_pace_max);
            }
            realm.settle = !read->is_unsettled
                               ? Duration{0}
                               : std::clamp<Duration>(2 * realm.settle, limits::feed_settle_first,
                                                      limits::feed_settle_max);
            if (again || read->has_more) want_look(id, realm, now, tasks);
            if (read->is_unsettled) want_look(id, realm, now + realm.settle, tasks);
        }
    }
    run(tasks);
}

/// Those for whom there is something. Returns how many there were.
std::size_t Feed::answer_waiters(Realm& realm, Tasks& tasks) {
    std::size_t answered = 0;
    for (auto at = realm.waiters.begin(); at != realm.waiters.end();) {
        Waiter& waiter = at->second;
        const bool is_covered = realm.tail.covers(waiter.at.place);
        Page page = is_covered ? realm.tail.page(waiter.at, waiter.wanted, waiter.kept_since)
                               : empty_page(waiter.at);
        // It goes on in the store: more came at once than the tail holds.
        if (!is_covered) page.has_more = true;
        if (page.count == 0 && !page.has_more) {
            waiter.at = page.end;
            ++at;
            continue;
        }
        alarm_.cancel(waiter.deadline);
        tasks.push_back([done = std::move(waiter.done), page = std::make_shared<Page>(std::move(
                                                            page))] { done(std::move(*page)); });
        at = realm.waiters.erase(at);
        ++answered;
    }
    return answered;
}

void Feed::expire(const RealmId& id, std::uint64_t number) {
    std::optional<Waiter> waiter;
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(id);
        if (found == realms_.end()) return;
        auto node = found->second.waiters.extract(number);
        if (node.empty()) return;
        waiter = std::move(node.mapped());
        found->second.used_at = clock_.monotonic();
        set_purge(id, found->second);
    }
    waiter->hold.reset();
    waiter->done(empty_page(waiter->at));
}

void Feed::set_purge(const RealmId& id, Realm& realm) {
    if (std::exchange(realm.is_purge_set, true)) return;
    alarm_.set(realm.used_at + limits::feed_idle, [this, id] { purge(id); });
}

/// Forgets a realm that nobody has asked for lately.
void Feed::purge(const RealmId& id) {
    const MutexLock lock(mutex_);
    const auto found = realms_.find(id);
    if (found == realms_.end()) return;
    Realm& realm = found->second;
    realm.is_purge_set = false;
    if (!realm.waiters.empty() || realm.is_looking) {
        realm.used_at = clock_.monotonic();
        return set_purge(id, realm);
    }
    if (clock_.monotonic() < realm.used_at + limits::feed_idle) return set_purge(id, realm);
    if (realm.look) alarm_.cancel(realm.look->second);
    if (realm.listens) news_.stop_listening(id);
    tail_bytes_ -= realm.tail.bytes();
    realms_.erase(found);
    realm_count_.store(realms_.size());
}

void Feed::stop() {
    std::vector<Waiter> waiters;
    {
        const MutexLock lock(mutex_);
        is_stopped_ = true;
        for (auto& [id, realm] : realms_) {
            for (auto& [number, waiter] : realm.waiters) waiters.push_back(std::move(waiter));
            realm.waiters.clear();
        }
    }
    for (Waiter& waiter : waiters) waiter.done(empty_page(waiter.at));
}

}  // namespace postrider::feed
