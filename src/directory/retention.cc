#include "directory/retention.h"

#include <algorithm>
#include <optional>

#include "model/limits.h"
#include "store/id_range.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

Result<bool> has_older(store::sql::Connection& sql, const RealmId& realm, const Uuid& until) {
    POSTRIDER_ASSIGN(const auto events, store::events_table::ids(sql, realm, Uuid{}, until, 1));
    if (!events.empty()) return true;
    POSTRIDER_ASSIGN(const bool audited, store::audit_table::has_older(sql, realm, until));
    if (audited) return true;
    return store::operations_table::has_older(sql, realm, until);
}

}  // namespace

Result<std::vector<Overdue>> find_overdue(store::sql::Connection& sql, Timestamp now,
                                          const SettingsDefaults& defaults) {
    std::vector<Overdue> found;
    std::optional<RealmId> before;
    while (true) {
        POSTRIDER_ASSIGN(const auto page,
                         store::realms_table::list(sql, before, limits::page_size_max));
        for (const store::RealmRow& row : page) {
            POSTRIDER_ASSIGN(const auto settings, settings_of(row, defaults));
            const Uuid until = store::first_id_at(now - settings.retention_days * 24h);
            POSTRIDER_ASSIGN(const bool is_overdue, has_older(sql, row.id, until));
            if (is_overdue) found.push_back({row.id, until, Uuid{}});
        }
        if (page.size() < limits::page_size_max) return found;
        before = page.back().id;
    }
}

Result<std::optional<Overdue>> expire(store::Transaction& tx, Overdue overdue, std::size_t limit) {
    using Left = std::optional<Overdue>;
    const RealmId& realm = overdue.realm;
    auto room = static_cast<std::int64_t>(limit);
    POSTRIDER_ASSIGN(const auto ids, store::events_table::ids(tx.sql(), realm, overdue.after,
                                                              overdue.until, limit));
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
    return room <= 0 ? Left(overdue) : Left();
}

}  // namespace postrider::directory
