#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "store/sql/postgresql_connection.h"

namespace postrider::store {

/// SQL: that a row of `nodes` is a live node's, for a lease of so many microseconds. Who is live is
/// decided by the database's clock alone.
#define POSTRIDER_IS_LIVE(lease) \
    "heartbeat_at > clock_timestamp() - " lease " * interval '1 microsecond'"

/// The role of a node that gives its lanes away.
inline constexpr std::string_view leaving_role = "leaving";

/// `last_id`: the newest that it has minted.
Result<void> write_heartbeat(sql::PostgresqlConnection& sql, const Uuid& node,
                             std::string_view address, std::string_view role, const Uuid& last_id);

struct LiveNodes {
    std::vector<Uuid> all;         ///< in order
    std::vector<Uuid> delivering;  ///< in order; lanes are shared among these
    std::optional<Uuid> steward;
    Uuid last_id;  ///< the newest of all
};
Result<LiveNodes> read_live_nodes(sql::PostgresqlConnection& sql);

/// Gives up the lanes of `node`, and its lease; its row stays, for its writers' sake.
/// `notification` is run in the same transaction.
Result<void> end_node(sql::PostgresqlConnection& sql, const Uuid& node,
                      std::string_view notification);
/// Removes what nodes and webhooks that are no more have left.
Result<void> clean_nodes(sql::PostgresqlConnection& sql);

}  // namespace postrider::store
