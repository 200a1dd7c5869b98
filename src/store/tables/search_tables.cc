// Queries that look for a part of something.
#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/names.h"
#include "store/search.h"
#include "store/tables.h"

namespace postrider::store::search {

using sql::Query;

namespace {

constexpr std::array names{std::pair{Kind::webhook, "webhook"},
                           std::pair{Kind::user, "user"},
                           std::pair{Kind::role, "role"},
                           std::pair{Kind::client, "client"},
                           std::pair{Kind::redirect_uri, "redirect_uri"},
                           std::pair{Kind::api_key, "api_key"},
                           std::pair{Kind::event_type, "event_type"},
                           std::pair{Kind::event, "event"},
                           std::pair{Kind::delivery, "delivery"},
                           std::pair{Kind::operation, "operation"},
                           std::pair{Kind::resource, "resource"}};

constexpr std::size_t id_digits = 32;
constexpr std::size_t id_digits_min = 8;

std::optional<std::pair<Uuid, Uuid>> ids_of(std::string_view typed) {
    std::string digits;
    for (const char c : typed) {
        if (c == '-') continue;
        const bool is_digit =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!is_digit || digits.size() == id_digits) return std::nullopt;
        digits += c;
    }
    if (digits.size() < id_digits_min) return std::nullopt;
    const auto id = [&digits](char rest) {
        std::string all = digits + std::string(id_digits - digits.size(), rest);
        for (const std::size_t place : {20, 16, 12, 8}) all.insert(place, "-");
        return *Uuid::parse(all);
    };
    return std::pair(id('0'), id('f'));
}

/// Rows of (id, name, detail, client).
Result<std::vector<Found>> read_found(sql::Rows rows, Kind kind) {
    std::vector<Found> found;
    while (rows.next()) {
        Found one{
            .kind = kind, .id = rows.uuid(0), .name = rows.string(1), .detail = rows.string(2)};
        if (!rows.is_null(3)) one.client = rows.id<ClientId>(3);
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
            continue;
        }
        found.push_back(std::move(one));
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

const Query& id_query(Kind kind) {
#define BY_ID(columns, table, condition)                                                         \
    {"SELECT " columns " FROM " table " WHERE realm_id = $1 AND id >= $2 AND id <= $3" condition \
     " ORDER BY id LIMIT $4"}
    static constexpr Query webhook BY_ID("id, name, url, NULL", "webhooks",
                                         " AND deleted_at IS NULL");
    static constexpr Query user BY_ID("id, username, COALESCE(email, ''), NULL", "users", "");
    static constexpr Query role BY_ID("id, name, description, client_id", "roles", "");
    static constexpr Query client BY_ID("id, client_id, name, NULL", "clients", "");
    static constexpr Query key BY_ID("id, name, '', NULL", "api_keys", "");
    static constexpr Query event BY_ID("id, type, '', NULL", "events", " AND origin <> 'test'");
    static constexpr Query delivery BY_ID("id, state, '', NULL", "deliveries", "");
    static constexpr Query operation BY_ID("id, kind, state, NULL", "operations", "");
#undef BY_ID
    static constexpr Query redirect{
        "SELECT id, value, '', client_id FROM redirect_uris WHERE realm_id = $1 AND id >= $2 "
        "AND id <= $3 ORDER BY client_id, id LIMIT $4"};
    switch (kind) {
        case Kind::webhook:
            return webhook;
        case Kind::user:
            return user;
        case Kind::role:
            return role;
        case Kind::client:
            return client;
        case Kind::redirect_uri:
            return redirect;
        case Kind::api_key:
            return key;
        case Kind::event:
            return event;
        case Kind::delivery:
            return delivery;
        case Kind::operation:
            return operation;
        case Kind::resource:
        case Kind::event_type:
            break;
    }
    CHECK(false);
}

constexpr Query users_by_text{
    "SELECT id, username_key, COALESCE(email_key, ''), NULL FROM users WHERE realm_id = $1 "
    "AND (username_key LIKE $2 ESCAPE '\\' OR email_key LIKE $2 ESCAPE '\\' "
    "OR LOWER(first_name || ' ' || last_name) LIKE $2 ESCAPE '\\') "
    "ORDER BY username_key LIMIT $3"};

const Query* text_query(Kind kind) {
#define BY_TEXT(columns, table, name, condition)                             \
    {"SELECT " columns " FROM " table " WHERE realm_id = $1 AND (" condition \
     ") ORDER BY CASE WHEN LOWER(" name ") = $4 THEN 0 ELSE 1 END, id DESC LIMIT $3"}
#define HAS(column) "LOWER(" column ") LIKE $2 ESCAPE '\\'"
    static constexpr Query webhook BY_TEXT(
        "id, name, url, NULL", "webhooks", "name",
        "deleted_at IS NULL) AND (" HAS("name") " OR " HAS("url"));
    static constexpr Query role BY_TEXT("id, name, description, client_id", "roles", "name",
                                        HAS("name"));
    static constexpr Query client BY_TEXT("id, client_id, name, NULL", "clients", "client_id",
                                          HAS("client_id") " OR " HAS("name"));
    static constexpr Query redirect BY_TEXT("id, value, '', client_id", "redirect_uris", "value",
                                            HAS("value"));
    static constexpr Query key BY_TEXT("id, name, '', NULL", "api_keys", "name", HAS("name"));
#undef HAS
#undef BY_TEXT
    switch (kind) {
        case Kind::webhook:
            return &webhook;
        case Kind::user:
            return &users_by_text;
        case Kind::role:
            return &role;
        case Kind::client:
            return &client;
        case Kind::redirect_uri:
            return &redirect;
        case Kind::api_key:
            return &key;
        case Kind::event_type:
        case Kind::event:
        case Kind::delivery:
        case Kind::operation:
        case Kind::resource:
            break;
    }
    return nullptr;
}

/// A whole id alone: resources are indexed by nothing less.
Result<std::vector<Found>> resource(sql::Connection& sql, const RealmId& realm, const Uuid& first,
                                    const Uuid& last) {
    if (first != last) return std::vector<Found>{};
    const EventFilter filter{
        .type = {}, .resource_id = ResourceId{first}, .since = {}, .until = {}};
    POSTRIDER_ASSIGN(const auto events, events_table::list(sql, realm, filter, {}, 1));
    if (events.empty()) return std::vector<Found>{};
    return std::vector{
        Found{.kind = Kind::resource, .id = first, .name = {}, .detail = events.front().type}};
}

Found found_user(const UserRow& row) {
    return {.kind = Kind::user,
            .id = row.id.uuid,
            .name = row.username,
            .detail = row.email.value_or("")};
}

/// Those that are called exactly so are found by their keys.
Result<std::vector<Found>> users_by_part(sql::Connection& sql, const RealmId& realm,
                                         const Text& text, std::size_t limit) {
    std::vector<Found> all;
    POSTRIDER_ASSIGN(const auto named, users_table::find_by_username(sql, realm, text.typed()));
    if (named) all.push_back(found_user(*named));
    POSTRIDER_ASSIGN(const auto mailed, users_table::find_by_email(sql, realm, text.typed()));
    if (mailed && (!named || mailed->id != named->id)) all.push_back(found_user(*mailed));
    POSTRIDER_ASSIGN(const auto others,
                     read_found(sql.rows(users_by_text, realm, text.part(), limit), Kind::user));
    for (const Found& each : others) {
        if (all.size() >= limit) break;
        if (std::ranges::find(all, each.id, &Found::id) != all.end()) continue;
        // As they are written, and not as they are compared.
        POSTRIDER_ASSIGN(const auto row, users_table::find(sql, realm, UserId{each.id}));
        if (row) all.push_back(found_user(*row));
    }
    return all;
}

}  // namespace

std::string_view to_string(Kind kind) {
    return std::ranges::find(names, kind, [](const auto& each) { return each.first; })->second;
}

std::optional<Kind> parse_kind(std::string_view text) {
    for (const auto& [kind, name] : names) {
        if (name == text) return kind;
    }
    return std::nullopt;
}

Text::Text(std::string_view typed) : typed_(typed), ids_(ids_of(typed)) {
    part_ = "%";
    for (const char c : fold_name(typed)) {
        if (c == '%' || c == '_' || c == '\\') part_ += '\\';
        part_ += c;
    }
    part_ += '%';
}

Result<std::vector<Found>> by_id(sql::Connection& sql, const RealmId& realm, Kind kind,
                                 const Text& text, std::size_t limit) {
    const auto& [first, last] = *text.ids();
    if (kind == Kind::resource) return resource(sql, realm, first, last);
    return read_found(sql.rows(id_query(kind), realm, first, last, limit), kind);
}

Result<std::vector<Found>> by_text(sql::Connection& sql, const RealmId& realm, Kind kind,
                                   const Text& text, std::size_t limit) {
    if (kind == Kind::user) return users_by_part(sql, realm, text, limit);
    const Query* query = text_query(kind);
    if (query == nullptr) return std::vector<Found>{};
    return read_found(sql.rows(*query, realm, text.part(), limit, fold_name(text.typed())), kind);
}

}  // namespace postrider::store::search
