#pragma once

#include "store/sql/postgresql_connection.h"

namespace postrider::store {

/// Brings the schema to what this binary knows: the steps of migrations.h in PostgreSQL's words,
/// each in a transaction, one node at a time (advisory lock), forward only.
/// Errors: unavailable, one sentence with the host.
Result<void> prepare_schema(sql::PostgresqlConnection& sql);

/// Takes the lock that tells that a node uses this schema; it goes with the connection. False:
/// another session has it.
Result<bool> take_ownership(sql::PostgresqlConnection& sql);

}  // namespace postrider::store
