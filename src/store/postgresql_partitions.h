#pragma once

#include "base/time.h"
#include "store/sql/postgresql_connection.h"
#include "store/store.h"

/// The log (events, deliveries, attempts) on PostgreSQL: partitions by range of the id, whose first
/// bits are the time. What nobody keeps any more is dropped with its partition instead of being
/// deleted row by row. docs/decisions/0013.
namespace postrider::store {

/// What one partition spans where rows are kept for `retention` at most: a tenth, in whole days. So
/// there are a dozen or two of them, whatever the retention.
Duration partition_width(Duration retention);

Result<bool> is_partitioned(sql::PostgresqlConnection& sql);
/// Turns the tables into partitioned ones, unless they are; what is in them becomes the first
/// partition. Requires: a transaction that has the lock of migrations.
Result<void> partition_log(sql::PostgresqlConnection& sql);

/// From here on to its end, a transaction waits for so long for a lock.
Result<void> set_lock_wait(sql::PostgresqlConnection& sql, Duration wait);

/// One step of upkeep, at `now`: makes the partition that `newest`, the newest id's time, or the
/// next day will need, or drops the oldest when no realm keeps what is in it; what is pending is
/// moved out first. Sees to the statistics of new ones, too. Returns whether there may be more to
/// do. Requires: nothing was read yet in the transaction. Errors: a transaction that holds one of
/// the tables for longer than the step waits.
Result<bool> tidy_log(sql::PostgresqlConnection& sql, const TidyStep& step, Timestamp now,
                      Timestamp newest);

}  // namespace postrider::store
