#include "feed/feed.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "feed/answering.h"

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

Shares::Holders holders_of(const Feed::Ask& ask) {
    Shares::Holders holders = ask.who;
    if (!ask.network.empty()) holders.insert(holders.begin(), ask.network);
    return holders;
}

std::size_t hash_of(const Wanted& wanted) {
    std::size_t hash = wanted.patterns.size();
    for (const auto& pattern : wanted.patterns) {
        hash = hash * 31 + std::hash<std::string>()(pattern);
    }
    return hash;
}

Outline outline_of(const Read& read) {
    Outline found{.entries = {}, .end = {}};
    for (const auto& row : read.rows) {
        found.entries.push_back(std::make_shared<const Entry>(make_entry(row)));
        found.bytes += found.entries.back()->json.size() + 1;
    }
    return found;
}

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
    : store_(store),
      news_(news),
      clock_(clock),
      order_(feed_order(store)),
      alarm_(loop),
      background_("feed", 4) {
    news_.on_heard([this](const std::vector<RealmId>& realms) { heard(realms); });
}

Page Feed::empty_page(const Position& at) const {
    return {.text = nullptr, .end = {at.place, std::max(at.seen_at, clock_.now())}};
}

void Feed::read(Ask ask, Done done) {
    auto call = std::make_shared<Call>(Call{.ask = std::move(ask), .done = std::move(done)});
    const Ask& asked = call->ask;
    const Position& after = asked.start.after;
    std::optional<Stretch> stretch;
    std::uint64_t seen = 0;
    bool has_rest = false;
    {
        const MutexLock lock(mutex_);
        call->began = rings_.load();
        if (is_stopped_) call->ask.wait = Duration{0};
        if (asked.wait > Duration{0}) {
            const Realm& realm = use(asked.realm);
            // What is ahead of the tail's end is ahead of the log, or not of this store.
            if (!asked.find_start && realm.tail.covers(after.place) &&
                after.place <= realm.tail.end() && check_kept(after, asked.kept_since)) {
                stretch = realm.tail.behind(after.place, limits::feed_page_max);
                seen = realm.seen;
                has_rest = realm.has_rest;
            }
        }
    }
    if (!stretch) return read_store(call);
    const Outline found =
        outline(*stretch, after, {asked.start.patterns, asked.limit}, asked.kept_since);
    if (!found.entries.empty()) {
        auto hold = room_for(holders_of(asked), found.bytes);
        if (!hold) return call->done(std::unexpected(std::move(hold).error()));
        return call->done(found.make(std::move(*hold)));
    }
    if (found.has_more) return read_store(call);
    // It has read all that the tail has: whether there is more the next look tells all who wait.
    call->began = seen;
    wait(*call, {.start = asked.start, .page = found.make({}), .is_unsettled = has_rest});
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
            const Outline rows = outline_of(read);
            POSTRIDER_ASSIGN(auto hold, room_for(holders_of(ask), rows.bytes));
            found.page = rows.make(std::move(hold));
            found.page.unreadable = read.unreadable;
            found.page.has_more = read.has_more;
            found.page.end = {read.end,
                              read.has_more ? read.end.id.time() : std::max(after.seen_at, now)};
            found.is_unsettled = read.is_unsettled;
            if (read.has_more && ask.wait > Duration{0}) {
                POSTRIDER_ASSIGN(found.newest, store::feed_table::newest(sql, order_, ask.realm));
            }
            return found;
        },
        [this, call](Result<Found> result) { found(call, std::move(result)); });
}

void Feed::found(const std::shared_ptr<Call>& call, Result<Found> found) {
    if (!found) return call->done(std::unexpected(std::move(found).error()));
    const Page& page = found->page;
    if (page.has_more && call->ask.wait > Duration{0}) begin_tail(call->ask.realm, found->newest);
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
    auto asked =
        std::make_shared<Asked>(Asked{.wanted = {std::move(found.start.patterns), call.ask.limit},
                                      .kept_since = call.ask.kept_since,
                                      .holders = holders_of(call.ask)});
    asked->hash = hash_of(asked->wanted);
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
            realm.waiters.emplace(number, Waiter{.at = found.page.end,
                                                 .asked = std::move(asked),
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

/// Somebody is behind: what comes from now on they find in memory, however many they are.
void Feed::begin_tail(const RealmId& id, const FeedPlace& at) {
    Tasks tasks;
    {
        const MutexLock lock(mutex_);
        if (is_stopped_) return;
        Realm& realm = use(id);
        if (realm.tail.has_begun() || realm.is_looking) return;
        realm.tail.append(at, {}, at, limits::feed_tail_bytes_min);
        if (!std::exchange(realm.listens, true)) news_.listen(id);
        // What was committed since the read began it may not have seen.
        want_look(id, realm, clock_.monotonic(), tasks);
    }
    run(tasks);
}

/// Whether somebody who is behind may come for what is new.
bool Feed::is_followed(const Realm& realm) const {
    return realm.tail.has_begun() && clock_.monotonic() < realm.used_at + limits::feed_followed;
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
    bool is_first = false;
    {
        const MutexLock lock(rung_mutex_);
        is_first = rung_.empty();
        auto& last = rung_[realm];
        last = std::max(last, number);
    }
    if (is_first) background_.post([this] { hear_rings(); });
}

void Feed::hear_rings() {
    std::unordered_map<RealmId, std::uint64_t> rung;
    {
        const MutexLock lock(rung_mutex_);
        rung.swap(rung_);
    }
    Tasks tasks;
    for (const auto& [id, number] : rung) {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(id);
        if (found == realms_.end()) continue;
        found->second.rung = std::max(found->second.rung, number);
        want_look(id, found->second, clock_.monotonic(), tasks);
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
    if (is_stopped_ || (realm.waiters.empty() && !is_followed(realm))) return;
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
    FeedPlace from =
        realm.waiters.empty() ? realm.tail.end() : realm.waiters.begin()->second.at.place;
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
                                            .bytes_max = limits::feed_look_bytes},
                                           nullptr);
        },
        [this, id, from](Result<Read> read) { looked(id, from, std::move(read)); });
}

void Feed::looked(const RealmId& id, const FeedPlace& from, Result<Read> read) {
    std::vector<Entry> entries;
    if (read) {
        for (const auto& row : read->rows) entries.push_back(make_entry(row));
    }
    std::shared_ptr<Answering> answering;
    bool is_kept = true;
    Tasks tasks;
    {
        const MutexLock lock(mutex_);
        const auto found = realms_.find(id);
        if (found == realms_.end()) return;
        Realm& realm = found->second;
        const bool again = std::exchange(realm.look_again, false);
        if (!read) {
            // The store is busy or gone: those who wait need not know.
            realm.is_looking = false;
            want_look(id, realm, clock_.monotonic() + limits::feed_settle_max, tasks);
        } else {
            realm.seen = realm.looking_at;
            realm.has_rest = read->has_more || read->is_unsettled;
            tail_bytes_ -= realm.tail.bytes();
            realm.tail.append(from, std::move(entries), read->end,
                              std::max(limits::feed_tail_bytes_min,
                                       (limits::feed_tails_bytes_max - tail_bytes_) / 2));
            answering = begin_answering(id, realm);
            answering->again = again;
            answering->has_more = read->has_more;
            answering->is_unsettled = read->is_unsettled;
            is_kept = tail_bytes_ + realm.tail.bytes() <= limits::feed_tails_bytes_max;
            if (!is_kept) realm.tail.clear();
            tail_bytes_ += realm.tail.bytes();
        }
    }
    run(tasks);
    if (answering == nullptr) return;
    if (is_kept) return background_.post([this, answering] { answer_next(answering); });
    // What is in no tail is in no budget: it is gone before this thread reads more. The others read
    // from the store.
    while (answer_some(*answering)) {
    }
    end_answering(*answering);
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
    background_.stop();
    for (Waiter& waiter : waiters) waiter.done(empty_page(waiter.at));
}

}  // namespace postrider::feed
