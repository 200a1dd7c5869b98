#pragma once

#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/sql/connection.h"

namespace postrider::store {

/// Notes the last id that was minted, and the time: for what must not count while the server is
/// down.
Result<void> write_last_commit(sql::Connection& sql, const Uuid& last_id, Timestamp now);
struct LastCommit {
    Uuid id;                        ///< nil when there is none
    std::optional<Timestamp> time;  ///< nullopt: nothing was ever written
};
Result<LastCommit> read_last_commit(sql::Connection& sql);

}  // namespace postrider::store
