#pragma once

#include <span>
#include <vector>

#include "store/rows.h"
#include "store/store.h"

/// Removals that may concern very many rows, and so leave some of them for later.
namespace postrider::store::removals {

/// Many users at once, with all that is theirs. `removed[i]` says whether `users[i]` was there.
Result<void> remove_users(Transaction& tx, const RealmId& realm, std::span<const UserId> users,
                          std::vector<bool>& removed);

/// Whether it is still being taken from those who had it: its id must not be used again.
Result<bool> is_left_over(sql::Connection& sql, const RealmId& realm, const RoleId& role);
/// A step of taking removed roles from those who had them, which nobody sees any more. Returns how
/// many rows it removed; 0: none is left over.
Result<std::int64_t> sweep_roles(Transaction& tx, std::size_t limit);

}  // namespace postrider::store::removals
