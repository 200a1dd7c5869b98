#pragma once

#include "store/sql/postgresql_connection.h"

namespace postrider::store {

/// Brings the schema to what this binary knows: the steps of migrations.h in PostgreSQL's words,
/// each in a transaction, one node at a time (advisory lock), forward only.
/// Errors: unavailable, one sentence with the host.
Result<void> prepare_schema(sql::PostgresqlConnection& sql);

/// Take the lock that tells that this schema is used: by one who needs it alone, or by a node. It
/// goes with the connection. False: another session is in the way.
Result<bool> take_alone(sql::PostgresqlConnection& sql);
Result<bool> take_together(sql::PostgresqlConnection& sql);

}  // namespace postrider::store
