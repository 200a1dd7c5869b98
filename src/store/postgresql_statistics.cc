#include "store/postgresql_statistics.h"

#include <fmt/format.h>

namespace postrider::store {

bool PostgresqlStatistics::note(std::int64_t rows) {
    const std::int64_t written = written_ += rows;
    std::int64_t next = next_;
    if (written < next) return false;
    return next_.compare_exchange_strong(next, 2 * written);
}

Result<void> PostgresqlStatistics::renew(sql::PostgresqlConnection& sql) {
    // Partitions of the log are seen to by tidy_log(). `reltuples` is -1 before the first time.
    POSTRIDER_ASSIGN(const auto names,
                     sql.value(fmt::format(
                         "SELECT string_agg(format('%I', relname), ', ') FROM pg_class "
                         "WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' "
                         "AND NOT relispartition AND reltuples < {} AND pg_relation_size(oid) > 0",
                         young_rows_max)));
    if (!names) return {};
    // Whoever has one of them already does the same.
    return sql.execute(("ANALYZE (SKIP_LOCKED) " + *names).c_str());
}

}  // namespace postrider::store
