#include "directory/old_reset_tokens.h"

#include <algorithm>
#include <vector>

#include "model/limits.h"
#include "store/tables.h"
#include "store/wait.h"

namespace postrider::directory {

namespace {

constexpr std::string_view state_name = "reset_tokens_cleared";
constexpr std::string_view event_type = "auth.reset_password";

/// Clears a page of a realm's events from `before` down; returns where the next page begins.
Result<std::optional<EventId>> clear_page(store::Transaction& tx, const RealmId& realm,
                                          std::optional<EventId> before) {
    store::EventFilter filter;
    filter.type = event_type;
    POSTRIDER_ASSIGN(const auto rows, store::events_table::list(tx.sql(), realm, filter, before,
                                                                limits::page_size_max));
    for (const store::EventRow& row : rows) {
        const std::string cleared = without_reset_token(row.data);
        if (cleared == row.data) continue;
        POSTRIDER_TRY(store::events_table::replace_data(tx, realm, row.id, cleared));
    }
    if (rows.size() < limits::page_size_max) return std::nullopt;
    return rows.back().id;
}

Result<void> clear_realm(store::Store& store, const RealmId& realm) {
    using Next = std::optional<EventId>;
    Next before;
    do {
        POSTRIDER_ASSIGN(before, store::write_now<Next>(store, [=](store::Transaction& tx) {
                             return clear_page(tx, realm, before);
                         }));
    } while (before);
    return {};
}

Result<bool> is_cleared(store::sql::Connection& sql) {
    POSTRIDER_ASSIGN(const auto done, store::state_table::get(sql, state_name));
    return done.has_value();
}

Result<std::vector<RealmId>> all_realms(store::sql::Connection& sql) {
    std::vector<RealmId> ids;
    std::optional<RealmId> before;
    while (true) {
        POSTRIDER_ASSIGN(const auto page,
                         store::realms_table::list(sql, before, limits::page_size_max));
        for (const store::RealmRow& row : page) ids.push_back(row.id);
        if (page.size() < limits::page_size_max) return ids;
        before = page.back().id;
    }
}

Result<void> clear_all(store::Store& store) {
    using Ids = std::vector<RealmId>;
    POSTRIDER_ASSIGN(const Ids realms, store::read_now<Ids>(store, all_realms));
    for (const RealmId& realm : realms) POSTRIDER_TRY(clear_realm(store, realm));
    const auto noted = store::write_now<bool>(store, [](store::Transaction& tx) -> Result<bool> {
        POSTRIDER_TRY(store::state_table::put(tx, state_name, "1"));
        return true;
    });
    POSTRIDER_TRY(noted);
    return {};
}

}  // namespace

std::string without_reset_token(std::string_view data) {
    constexpr std::string_view begin = R"(,"token":"prt_)";
    constexpr std::string_view end = R"("})";
    const auto at = data.rfind(begin);
    if (at == std::string_view::npos || !data.ends_with(end)) return std::string(data);
    const auto token = data.substr(at + begin.size(), data.size() - end.size() - at - begin.size());
    const bool is_token = std::ranges::none_of(token, [](char c) { return c == '"' || c == '\\'; });
    if (!is_token) return std::string(data);
    return std::string(data.substr(0, at)) + "}";
}

Result<void> clear_old_reset_tokens(store::Store& store) {
    POSTRIDER_ASSIGN(const bool done, store::read_now<bool>(store, is_cleared));
    if (done) return {};
    auto cleared = clear_all(store);
    if (!cleared && cleared.error().code == ErrorCode::resource_exhausted) return {};
    return cleared;
}

}  // namespace postrider::directory
