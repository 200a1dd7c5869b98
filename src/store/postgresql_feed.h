#pragma once

#include "store/sql/postgresql_connection.h"

/// The order of commits on PostgreSQL (docs/decisions/0026): each event has the number of its
/// transaction, and postrider_feed what is added to it. A database that is restored into another
/// server begins with small numbers again; what is added keeps the order.
namespace postrider::store {

Result<bool> has_feed(sql::PostgresqlConnection& sql);
/// Adds the column. Events that are there keep their order by id, before all others.
/// Requires: a transaction that has the lock of migrations; the log is partitioned.
Result<void> add_feed(sql::PostgresqlConnection& sql);

/// Whether transactions are numbered lower than those that the log has: raise_feed() is needed.
Result<bool> is_feed_behind(sql::PostgresqlConnection& sql);
/// Requires: a transaction that has the lock of migrations.
Result<void> raise_feed(sql::PostgresqlConnection& sql);

/// Whether the rows of order_queue get the numbers of their transactions, too (order_table.h).
Result<bool> has_order(sql::PostgresqlConnection& sql);
/// Requires: a transaction that has the lock of migrations; has_feed().
Result<void> add_order(sql::PostgresqlConnection& sql);

}  // namespace postrider::store
