#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "store/sql/postgresql_connection.h"

namespace postrider::store {

/// Statistics of the tables that are not the log, while they are young.
///
/// Statements are planned once (sql/postgresql_connection.cc), and over a table without statistics
/// all indexes that begin with the realm look the same: a user is found by her name through all of
/// the realm's users. Autovacuum looks once a minute; an import has tens of thousands of users by
/// then. So the writer asks for statistics itself, each time that it has written twice as much.
/// Once a table has `young_rows_max`, autovacuum suffices.
/// Thread-safety: any thread.
class PostgresqlStatistics {
 public:
    /// Rows were written. Returns true when it is time to renew(): one caller of several is told.
    bool note(std::int64_t rows);
    /// Some 20 ms. Requires: no transaction on `sql`. Errors: those of the connection.
    static Result<void> renew(sql::PostgresqlConnection& sql);

 private:
    std::atomic<std::int64_t> written_{0};
    std::atomic<std::int64_t> next_{first};
    static constexpr std::int64_t first = 100;
    /// ANALYZE reads so many in some 20 ms.
    static constexpr std::int64_t young_rows_max = 10'000;
};

}  // namespace postrider::store
