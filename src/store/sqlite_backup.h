#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

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

/// What a copy holds.
struct CopyReport {
    BackupReport file;
    std::string key_check;  ///< what vault::check_key() takes; "" when no server has used it
    std::int64_t realms = 0;
    std::int64_t webhooks = 0;
    std::int64_t events = 0;
    std::int64_t pending = 0;         ///< deliveries, which are sent (again) where it is restored
    std::optional<Timestamp> newest;  ///< when its newest event was accepted
};

/// Reads a copy through (PRAGMA integrity_check), and says what is in it. It changes nothing.
/// Errors: unavailable, one sentence with the way out: there is no such file, it is damaged, it is
/// no store, a newer Postrider wrote it.
Result<CopyReport> check_copy(const std::string& path);

}  // namespace postrider::store
