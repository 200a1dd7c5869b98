#include "store/postgresql_nodes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "model/limits.h"
#include "store/cluster.h"

namespace postrider::store {

using sql::PostgresqlConnection;
using sql::Query;

Result<void> write_heartbeat(PostgresqlConnection& sql, const Uuid& node, std::string_view address,
                             std::string_view role, const Uuid& last_id) {
    static constexpr Query query{
        "INSERT INTO nodes (id, address, role, started_at, heartbeat_at, last_id) "
        "VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp(), $4) "
        "ON CONFLICT (id) DO UPDATE SET address = excluded.address, role = excluded.role, "
        "heartbeat_at = clock_timestamp(), last_id = excluded.last_id"};
    POSTRIDER_TRY(sql.run(query, node, address, role, last_id));
    return {};
}

Result<LiveNodes> read_live_nodes(PostgresqlConnection& sql) {
    static constexpr Query query{
        "SELECT id, role, last_id FROM nodes WHERE role <> 'starting' "
        "AND length(id) = 16 AND " POSTRIDER_IS_LIVE("$1") " ORDER BY id"};
    LiveNodes live;
    auto rows = sql.rows(query, limits::node_lease);
    while (rows.next()) {
        const Uuid id = rows.uuid(0);
        const auto role = rows.text(1);
        live.all.push_back(id);
        live.last_id = std::max(live.last_id, rows.uuid(2));
        if (role == leaving_role) continue;
        if (role != to_string(NodeRole::api)) live.delivering.push_back(id);
        if (!live.steward) live.steward = id;
    }
    POSTRIDER_TRY(rows.finish());
    return live;
}

Result<void> end_node(PostgresqlConnection& sql, const Uuid& node, std::string_view notification) {
    return sql.execute(
        fmt::format("BEGIN; SET LOCAL synchronous_commit = on; "
                    "UPDATE lanes SET owner = NULL, epoch = epoch + 1 WHERE owner = '\\x{0}'; "
                    "UPDATE nodes SET heartbeat_at = '-infinity' WHERE id = '\\x{0}'; {1}; COMMIT",
                    hex_encode(node.view()), notification)
            .c_str());
}

Result<void> clean_nodes(PostgresqlConnection& sql) {
    return sql.execute(
        fmt::format(
            "DELETE FROM lanes l WHERE NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.realm_id = "
            "l.realm_id AND w.id = l.webhook_id); "
            "DELETE FROM nodes WHERE heartbeat_at < clock_timestamp() - {} * interval '1 "
            "microsecond'; "
            "DELETE FROM postrider_writers w WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = "
            "substring(w.slot FROM 1 FOR 16))",
            limits::node_kept_after_end.count())
            .c_str());
}

}  // namespace postrider::store
