#pragma once

#include <optional>
#include <string>

#include "store/sql/postgresql_connection.h"

/// Indexes that PostgreSQL must not take for what they are not for. In a table without statistics
/// all that answer a statement cost the same to its planner, and then "the event of this id" was
/// looked up in an index that has the id in its third place: a realm's whole log for each delivery.
/// A partial index is taken for statements alone that ask for its condition: `x IS NOT NULL` is
/// asked for by whatever compares x; a list of one webhook says `length(id) > 0`, which looking up
/// an event's delivery to a webhook does not. docs/decisions/0013.
namespace postrider::store {

/// The name of one that is missing, or is not as it should be.
Result<std::optional<std::string>> find_wrong_index(sql::PostgresqlConnection& sql);
/// Makes it anew. Requires: a transaction that has the lock of migrations; has_feed().
Result<void> remake_index(sql::PostgresqlConnection& sql, const std::string& name);

}  // namespace postrider::store
