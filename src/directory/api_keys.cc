#include "directory/api_keys.h"

#include <fmt/format.h>

#include <set>

#include "access/bootstrap.h"
#include "directory/fields.h"
#include "model/limits.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using store::ApiKeyRow;
using store::Transaction;

std::string detail_of(const ApiKeyRow& row) {
    std::string detail;
    json::Writer writer(detail);
    writer.begin_object();
    writer.member("name", row.name);
    writer.member_raw("permissions", row.permissions);
    writer.end_object();
    return detail;
}

/// Time is a right, too.
Result<void> check_end(const Caller& caller, const std::optional<Timestamp>& end) {
    if (!caller.ends_at || (end && *end <= *caller.ends_at)) return {};
    const bool is_key = caller.actor.kind == "api_key";
    return fail_field(
        "#/expires_at",
        fmt::format("must be given, and be no later than {}, when the {} ends that makes this key: "
                    "nobody grants what they do not have; choose an earlier end, or make the key "
                    "with one that lasts longer, or as a user",
                    format_rfc3339(*caller.ends_at), is_key ? "API key" : "access token"));
}

}  // namespace

Result<ApiKeyRow> require_api_key(store::sql::Connection& sql, const RealmId& realm,
                                  const ApiKeyId& id) {
    POSTRIDER_ASSIGN(auto row, store::api_keys_table::find(sql, realm, id));
    if (!row) return no_such("API key", id.to_string());
    return std::move(*row);
}

Result<std::vector<ApiKeyRow>> keys_made_by(store::sql::Connection& sql,
                                            const std::vector<UserId>& users) {
    std::vector<ApiKeyRow> found;
    std::set<ApiKeyId> seen;
    const auto add = [&](const std::string& maker) -> Result<void> {
        POSTRIDER_ASSIGN(auto rows, store::api_keys_table::made_by(sql, maker));
        for (ApiKeyRow& row : rows) {
            if (seen.insert(row.id).second) found.push_back(std::move(row));
        }
        return {};
    };
    for (const UserId& user : users) POSTRIDER_TRY(add(user.to_string()));
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::string maker = found[i].id.to_string();
        POSTRIDER_TRY(add(maker));
    }
    return found;
}

Result<ApiKeyRow> KeyRegistry::create(Transaction& tx, const Caller& caller, ApiKeyRow row) {
    POSTRIDER_TRY(require_realm(tx.sql(), row.realm));
    POSTRIDER_TRY(check_grant(caller, access::from_json(row.permissions)));
    POSTRIDER_TRY(check_end(caller, row.expires_at));
    POSTRIDER_ASSIGN(const auto named,
                     store::api_keys_table::find_by_name(tx.sql(), row.realm, row.name));
    if (named)
        return taken("name", fmt::format("an API key named \"{}\" exists already", row.name));
    POSTRIDER_ASSIGN(const auto count, store::api_keys_table::count(tx.sql(), row.realm));
    if (static_cast<std::size_t>(count) >= limits::api_keys_per_realm_max) {
        return fail(ErrorCode::conflict,
                    fmt::format("there are {} API keys here, and more are not possible: revoke one "
                                "that is no longer needed",
                                count));
    }
    row.id = tx.mint_id<ApiKeyId>();
    row.created_at = tx.now();
    row.made_by_kind = caller.actor.kind;
    row.made_by_id = caller.actor.id;
    row.made_by_name = caller.name;
    POSTRIDER_TRY(store::api_keys_table::put(tx, row));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = Clearance::of_new(),
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "",
                                 .data = {},
                                 .action = "api_key.create",
                                 .detail = detail_of(row)}));
    tx.after_commit([this, row] { keys_.put(row, realms_.master()); });
    tx.announce({store::Subject::api_key, row.realm, row.id.uuid});
    return row;
}

Result<void> KeyRegistry::remove(Transaction& tx, const Caller& caller, const ApiKeyRow& row) {
    POSTRIDER_ASSIGN(const auto clearance, clear_api_key(caller, row));
    if (row.name == access::bootstrap_name && row.realm == realms_.master()) {
        return fail(ErrorCode::conflict,
                    "the key bootstrap is the server's own: to replace it, change "
                    "POSTRIDER_BOOTSTRAP_TOKEN or the text of admin-token in its data folder, and "
                    "restart it");
    }
    POSTRIDER_TRY(store::api_keys_table::remove(tx, row.realm, row.id));
    POSTRIDER_TRY(ledger_.write(tx, caller.actor,
                                {.clearance = clearance,
                                 .realm = row.realm,
                                 .resource = row.id.uuid,
                                 .type = "",
                                 .data = {},
                                 .action = "api_key.revoke",
                                 .detail = detail_of(row)}));
    tx.after_commit([this, id = row.id] { keys_.remove(id); });
    tx.announce({store::Subject::api_key, row.realm, row.id.uuid});
    return {};
}

Result<void> KeyRegistry::revoke(Transaction& tx, const Caller& caller, const RealmId& realm,
                                 const ApiKeyId& id) {
    POSTRIDER_ASSIGN(const auto row, require_api_key(tx.sql(), realm, id));
    return remove(tx, caller, row);
}

Result<void> KeyRegistry::revoke_all(Transaction& tx, const Caller& caller,
                                     const std::vector<ApiKeyRow>& rows) {
    if (rows.empty()) return {};
    if (!caller.held.has(access::Permission::manage_api_keys)) {
        return fail(ErrorCode::permission_denied,
                    "to revoke the API keys that a user made you need the permission "
                    "manage_api_keys; without revoke_api_keys they stay");
    }
    for (const ApiKeyRow& row : rows) POSTRIDER_TRY(remove(tx, caller, row));
    return {};
}

}  // namespace postrider::directory
