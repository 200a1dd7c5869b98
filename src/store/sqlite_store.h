#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "store/store.h"

namespace postrider::store {

struct SqliteOptions {
    std::string path;                 ///< the database file
    std::uint64_t reserve_bytes = 0;  ///< kept free beside it for outcomes when the disk is full
    /// Called on the writer's thread; must not block.
    CommitObserver committed = nullptr;
};

/// Opens (and makes, and migrates) the embedded store, and starts its threads: a writer that
/// commits groups (WAL, synchronous=FULL), readers, and a checkpointer. docs: ARCHITECTURE.md. On a
/// commit whose result is unknown (I/O error) it ends the process with exit code 1: promise 13.
/// Errors: unavailable, one sentence each: another process uses the database; it is newer than this
/// binary; the folder is not writable.
Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, const Clock& clock,
                                           Random& random);

}  // namespace postrider::store
