#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/rows.h"
#include "store/store.h"

namespace postrider::store {

struct UserRoleRow {
    RealmId realm;
    UserId user;
    RoleId role;
};

/// What an import asks and writes for many users at once: where the database is another process,
/// a way there and back for each row would be most of an import's time.
namespace import_tables {
/// True: no user of the realm has the id, the username or the e-mail address. False: somebody may
/// have one of them; users_table tells who.
Result<bool> is_free(sql::Connection& sql, const RealmId& realm, const std::optional<UserId>& id,
                     std::string_view username, const std::optional<std::string>& email);
Result<void> insert_users(Transaction& tx, std::span<const UserRow> rows);
Result<void> insert_credentials(Transaction& tx, std::span<const CredentialRow> rows);
Result<void> insert_roles(Transaction& tx, std::span<const UserRoleRow> rows);
Result<void> insert_audit(Transaction& tx, std::span<const AuditRow> rows);
}  // namespace import_tables

}  // namespace postrider::store
