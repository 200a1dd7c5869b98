#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "model/ids.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::directory {

/// Finds the clients and roles that the entries of a part name, and remembers them: hundreds of
/// users have the same few. Lifetime: the transaction outlives it. Thread-safety: one thread.
class ImportNames {
 public:
    ImportNames(store::sql::Connection& sql, const RealmId& realm) : sql_(sql), realm_(realm) {}

    /// Errors: invalid_argument with `pointer`.
    Result<ClientId> client(std::string pointer, const std::string& client_id);
    /// Of the realm, without `client`. Returns nullptr if there is none.
    Result<const store::RoleRow*> role(std::optional<ClientId> client, const std::string& name);

 private:
    store::sql::Connection& sql_;
    const RealmId realm_;
    std::map<std::string, ClientId> clients_;
    std::map<std::pair<std::optional<ClientId>, std::string>, store::RoleRow> roles_;
};

}  // namespace postrider::directory
