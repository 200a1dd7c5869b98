#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "store/sql/connection.h"

namespace postrider::store {

/// Where a store is: one of the two.
struct StoreLocation {
    std::string sqlite_path;
    std::string postgresql_url;  ///< may have a password: never shown
};

struct TransferProgress {
    const char* doing = "";  ///< "copying", "verifying"
    std::string table;
    std::int64_t done = 0;  ///< rows of all tables
    std::int64_t total = 0;
};
struct TransferReport {
    std::int64_t rows = 0;
    std::int64_t tables = 0;
    bool was_resumed = false;
};

/// Copies everything of one store to another that is new, or that an interrupted transfer from the
/// same store has begun; then reads both through and compares every row's checksum. No server may
/// run on either. The source stays as it is; the target cannot be opened by a server before the
/// end. Blocks. Errors: unavailable, one sentence each: either cannot be opened, the target has
/// other data, they differ at the end.
Result<TransferReport> transfer(const StoreLocation& from, const StoreLocation& to,
                                const std::function<void(const TransferProgress&)>& report);

/// Refuses a store that a transfer has not ended. Errors: unavailable.
Result<void> check_whole(sql::Connection& sql);

}  // namespace postrider::store
