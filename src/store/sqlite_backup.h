#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace postrider::store {

struct BackupReport {
    std::uint64_t bytes = 0;
    std::int64_t schema = 0;  ///< which Postrider can read it: the number of its last migration
};

/// Copies the embedded store at `source` to the new file `destination` as of one moment, whether a
/// server runs on it or not, then reads the copy through (PRAGMA integrity_check). Writers go on
/// meanwhile; the WAL grows by what they write. A half-made copy is never called `destination`.
/// Source: SQLite, VACUUM INTO.
/// Errors: unavailable, one sentence: there is no store, the destination exists or cannot be
/// written, the disk is full, the copy is damaged.
Result<BackupReport> backup_sqlite(const std::string& source, const std::string& destination);

}  // namespace postrider::store
