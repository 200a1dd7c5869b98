#include "store/name_keys.h"

#include <algorithm>
#include <vector>

#include "base/names.h"
#include "model/limits.h"
#include "store/tables.h"
#include "telemetry/log.h"

namespace postrider::store {

using sql::Query;

namespace {

constexpr std::string_view mark = "name_keys";
/// Which rules the keys follow. Persistent.
constexpr std::string_view rules = "rfc8265";

struct Row {
    Uuid realm;
    Uuid id;
    std::string username;
    std::string username_key;
    std::optional<std::string> email;
    std::optional<std::string> email_key;
};

/// Above (realm, id), in their order.
Result<std::vector<Row>> next_rows(sql::Connection& sql, const Uuid& realm, const Uuid& id) {
    static constexpr Query query{
        "SELECT realm_id, id, username, username_key, email, email_key FROM users "
        "WHERE realm_id > $1 OR (realm_id = $1 AND id > $2) ORDER BY realm_id, id LIMIT $3"};
    std::vector<Row> found;
    auto rows = sql.rows(query, realm, id, limits::folded_rows_per_step);
    while (rows.next()) {
        Row row{rows.uuid(0), rows.uuid(1), rows.string(2), rows.string(3), {}, {}};
        if (!rows.is_null(4)) row.email = rows.string(4);
        if (!rows.is_null(5)) row.email_key = rows.string(5);
        found.push_back(std::move(row));
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

/// False when another user has `key`. Somebody may take it between the look and the write: then
/// the index refuses it, which is the same answer.
Result<bool> set_key(sql::Connection& sql, const Query& query, const Row& row,
                     const std::string& key) {
    auto changed = sql.run(query, row.realm, row.id, key);
    if (changed) return *changed > 0;
    if (changed.error().code == ErrorCode::conflict) return false;
    return std::unexpected(std::move(changed).error());
}

void warn(const Row& row, std::string_view what, std::string_view value) {
    log::warning("store", "two users of a realm have names that are now one; rename one of them",
                 {{"realm", row.realm}, {"user", row.id}, {what, std::string(value)}});
}

Result<void> fold(sql::Connection& sql, const Row& row) {
    static constexpr Query username{
        "UPDATE users SET username_key = $3 WHERE realm_id = $1 AND id = $2 AND NOT EXISTS "
        "(SELECT 1 FROM users AS other WHERE other.realm_id = $1 AND other.username_key = $3)"};
    static constexpr Query email{
        "UPDATE users SET email_key = $3 WHERE realm_id = $1 AND id = $2 AND NOT EXISTS "
        "(SELECT 1 FROM users AS other WHERE other.realm_id = $1 AND other.email_key = $3)"};
    if (const auto key = fold_name(row.username); key != row.username_key) {
        POSTRIDER_ASSIGN(const bool is_set, set_key(sql, username, row, key));
        if (!is_set) warn(row, "username", row.username);
    }
    if (!row.email) return {};
    if (const auto key = fold_name(*row.email); key != row.email_key) {
        POSTRIDER_ASSIGN(const bool is_set, set_key(sql, email, row, key));
        if (!is_set) warn(row, "email", *row.email);
    }
    return {};
}

}  // namespace

std::string former_name_key(std::string_view text) {
    std::string key(text);
    std::ranges::transform(key, key.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return key;
}

Result<void> fold_name_keys(sql::Connection& sql) {
    POSTRIDER_ASSIGN(const auto done, state_table::get(sql, mark));
    if (done == rules) return {};
    Uuid realm;
    Uuid id;
    while (true) {
        POSTRIDER_ASSIGN(const auto rows, next_rows(sql, realm, id));
        for (const Row& row : rows) POSTRIDER_TRY(fold(sql, row));
        if (rows.size() < limits::folded_rows_per_step) break;
        realm = rows.back().realm;
        id = rows.back().id;
    }
    return state_table::put(sql, mark, rules);
}

}  // namespace postrider::store
