#pragma once

#include <memory>
#include <string>

#include "store/sql/sqlite_connection.h"

namespace postrider::store {

/// Holds a lock file while the store is open, so that no second process takes the same database.
class ProcessLock {
 public:
    ProcessLock() = default;
    ProcessLock(ProcessLock&& other) noexcept;
    ProcessLock& operator=(ProcessLock&&) = delete;
    ~ProcessLock();
    /// Errors: unavailable, one sentence.
    Result<void> take(const std::string& database);

 private:
    int fd_ = -1;
};

/// A database file of this process alone, with today's schema.
struct SqliteFile {
    ProcessLock lock;
    std::unique_ptr<sql::SqliteConnection> connection;  ///< it writes
};
/// Makes the file and migrates it. Errors: unavailable, one sentence each: another process uses it,
/// it is newer than this binary, it cannot be written.
Result<std::unique_ptr<SqliteFile>> open_sqlite_file(
    const std::string& path,
    sql::SqliteConnection::LogIndex index = sql::SqliteConnection::LogIndex::in_a_file);

/// What SQLite says of an unusable file, as one sentence.
std::unexpected<Error> cannot_open(const std::string& path, const Error& error);

}  // namespace postrider::store
