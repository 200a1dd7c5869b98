#include "directory/retention.h"

#include <algorithm>
#include <optional>

#include "model/counter_limits.h"
#include "store/counters_table.h"
#include "store/event_copies_table.h"
#include "store/id_range.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

/// The begin of the first span of that grain that is kept. What is finer than needed goes before
/// its realm's log does; of the log's last day, hour and minute the whole span stays.
Timestamp spans_kept_since(const Overdue& overdue, Timestamp now, store::Grain grain) {
    Timestamp since = overdue.until.time();
    if (grain == store::Grain::minute) {
        since = std::max(since, now - limits::counters_minutes_kept);
    }
    if (grain == store::Grain::hour) {
        since = std::max(since, now - limits::counters_hours_kept);
    }
    return store::begin_of_span(since, store::length(grain));
}

Result<bool> has_older_counters(store::sql::Connection& sql, const Overdue& overdue,
                                Timestamp now) {
    for (const store::Grain grain : store::grains) {
        POSTRIDER_ASSIGN(const bool found,
                         store::counters_table::has_older(sql, overdue.realm, grain,
                                                          spans_kept_since(overdue, now, grain)));
        if (found) return true;
    }
    return store::counters_table::has_older_names(sql, overdue.realm, overdue.until.time());
}

/// At most `room` rows; returns how many went.
Result<std::int64_t> expire_counters(store::Transaction& tx, const Overdue& overdue,
                                     std::int64_t room) {
    const Timestamp now = tx.now();
    std::int64_t removed = 0;
    for (const store::Grain grain : store::grains) {
        if (removed >= room) return removed;
        POSTRIDER_ASSIGN(const auto spans,
                         store::counters_table::expire(tx, overdue.realm, grain,
                                                       spans_kept_since(overdue, now, grain),
                                                       static_cast<std::size_t>(room - removed)));
        removed += spans;
    }
    if (removed >= room) return removed;
    POSTRIDER_ASSIGN(const auto names,
                     store::counters_table::expire_names(tx, overdue.realm, overdue.until.time(),
                                                         static_cast<std::size_t>(room - removed)));
    return removed + names;
}

Result<bool> has_older(store::sql::Connection& sql, const Overdue& overdue, Timestamp now) {
    const RealmId& realm = overdue.realm;
    POSTRIDER_ASSIGN(const auto events,
                     store::events_table::ids(sql, realm, Uuid{}, overdue.events_until, 1));
    if (!events.empty()) return true;
    POSTRIDER_ASSIGN(const auto copies,
                     store::event_copies_table::of_source(sql, realm, EventId{overdue.until}, 1));
    if (!copies.empty()) return true;
    POSTRIDER_ASSIGN(const bool audited, store::audit_table::has_older(sql, realm, overdue.until));
    if (audited) return true;
    POSTRIDER_ASSIGN(const bool counted, has_older_counters(sql, overdue, now));
    if (counted) return true;
    return store::operations_table::has_older(sql, realm, overdue.until);
}

}  // namespace

Result<std::vector<Retention>> retentions(store::sql::Connection& sql,
                                          const SettingsDefaults& defaults) {
    std::vector<Retention> found;
    std::optional<RealmId> before;
    while (true) {
        POSTRIDER_ASSIGN(const auto page,
                         store::realms_table::list(sql, before, limits::page_size_max));
        found.reserve(found.size() + page.size());
        for (const store::RealmRow& row : page) {
            // Of one whose settings cannot be read nothing is removed until they are saved anew.
            const auto settings = settings_of(row, defaults);
            if (settings) found.push_back({row.id, settings->retention_days * 24h});
        }
        if (page.read() < limits::page_size_max || !page.last) return found;
        before = RealmId{*page.last};
    }
}

Duration longest(const std::vector<Retention>& retentions) {
    Duration most{0};
    for (const Retention& each : retentions) most = std::max(most, each.kept);
    return most;
}

Result<std::vector<Overdue>> find_overdue(store::sql::Connection& sql, Timestamp now,
                                          const std::vector<Retention>& retentions,
                                          Duration dropped_at_once) {
    std::vector<Overdue> found;
    const Duration most = longest(retentions);
    for (const auto& [realm, kept] : retentions) {
        // One that keeps its events for much less does not wait for those of the others.
        const Duration late = kept + 2 * dropped_at_once;
        const Overdue overdue{.realm = realm,
                              .until = store::first_id_at(now - kept),
                              .events_until = store::first_id_at(now - (late < most ? kept : late)),
                              .after = {}};
        const auto is_overdue = has_older(sql, overdue, now);
        if (is_overdue) {
            if (*is_overdue) found.push_back(overdue);
        } else if (is_overdue.error().code == ErrorCode::corrupt) {
            store::log_unreadable(is_overdue.error());  // the others do not wait for it
        } else {
            return std::unexpected(is_overdue.error());
        }
    }
    return found;
}

namespace {

/// Copies of the realm's events in `master` go with them, and what is noted of copies that have
/// gone with the log of `master`. Returns how many rows.
Result<std::int64_t> expire_copies(store::Transaction& tx, const Overdue& overdue,
                                   std::size_t limit) {
    namespace copies = store::event_copies_table;
    const EventId until{overdue.until};
    POSTRIDER_ASSIGN(const auto found, copies::of_source(tx.sql(), overdue.realm, until, limit));
    std::int64_t done = 0;
    for (const auto& copy : found) {
        if (done >= static_cast<std::int64_t>(limit)) return done;
        const auto most = static_cast<std::size_t>(static_cast<std::int64_t>(limit) - done);
        POSTRIDER_ASSIGN(const auto removed,
                         store::events_table::expire(tx, copy.realm, copy.event, most));
        done += removed;
        POSTRIDER_ASSIGN(const bool is_there,
                         store::events_table::exists(tx.sql(), copy.realm, copy.event));
        // One whose delivery is pending goes when the log of `master` does.
        if (!is_there || removed == 0) POSTRIDER_TRY(copies::remove(tx, copy));
        ++done;
    }
    if (done >= static_cast<std::int64_t>(limit)) return done;
    POSTRIDER_ASSIGN(const auto forgotten, copies::forget(tx, overdue.realm, until, limit));
    return done + forgotten;
}

}  // namespace

Result<std::optional<Overdue>> expire(store::Transaction& tx, Overdue overdue, std::size_t limit) {
    using Left = std::optional<Overdue>;
    const RealmId& realm = overdue.realm;
    auto room = static_cast<std::int64_t>(limit);
    POSTRIDER_ASSIGN(const auto copied, expire_copies(tx, overdue, limit));
    room -= copied;
    if (room <= 0) return Left(overdue);
    POSTRIDER_ASSIGN(const auto ids, store::events_table::ids(tx.sql(), realm, overdue.after,
                                                              overdue.events_until, limit));
    for (const EventId& id : ids) {
        const auto most = static_cast<std::size_t>(room);
        POSTRIDER_ASSIGN(const auto removed, store::events_table::expire(tx, realm, id, most));
        room -= removed;
        if (room <= 0) return Left(overdue);  // of this one there may be more
        overdue.after = id.uuid;
    }
    if (ids.size() == limit) return Left(overdue);
    const auto most = static_cast<std::size_t>(room);
    POSTRIDER_ASSIGN(const auto entries,
                     store::audit_table::expire(tx, realm, overdue.until, most));
    room -= entries;
    if (room <= 0) return Left(overdue);
    POSTRIDER_ASSIGN(
        const auto operations,
        store::operations_table::expire(tx, realm, overdue.until, static_cast<std::size_t>(room)));
    room -= operations;
    if (room <= 0) return Left(overdue);
    // They are small: as many as the rest of housekeeping takes.
    constexpr auto counters_max = static_cast<std::int64_t>(limits::housekeeping_rows_max);
    POSTRIDER_ASSIGN(const auto counters, expire_counters(tx, overdue, counters_max));
    return counters >= counters_max ? Left(overdue) : Left();
}

}  // namespace postrider::directory
