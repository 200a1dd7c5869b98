#include "store/postgresql_indexes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace postrider::store {
namespace {

struct PartialIndex {
    std::string_view name;
    std::string_view table;
    std::string_view columns;
    std::string_view condition;
};
constexpr std::array partial_indexes{
    PartialIndex{"events_by_type", "events", "realm_id, type, id", "type IS NOT NULL"},
    PartialIndex{"events_by_resource", "events", "realm_id, resource_id, id",
                 "resource_id IS NOT NULL"},
    PartialIndex{"events_by_commit", "events", "realm_id, tx, id", "origin <> 'test'"},
    PartialIndex{"deliveries_by_event", "deliveries", "realm_id, event_id, webhook_id",
                 "event_id IS NOT NULL"},
    PartialIndex{"deliveries_by_webhook", "deliveries", "realm_id, webhook_id, id",
                 "length(id) > 0"},
    PartialIndex{"order_of_resource", "order_queue",
                 "realm_id, webhook_id, resource_id, tx, delivery_id", "resource_id IS NOT NULL"}};

/// Those of the table that have these columns. Names do not tell: a table that became partitioned
/// has its indexes under other ones.
std::string of(const PartialIndex& index, std::string_view which) {
    return fmt::format(
        "FROM pg_index WHERE indrelid = to_regclass('{}') AND pg_get_indexdef(indexrelid) "
        "LIKE '%({})%' AND indpred {}",
        index.table, index.columns, which);
}

}  // namespace

Result<std::optional<std::string>> find_wrong_index(sql::PostgresqlConnection& sql) {
    std::string looks;
    for (const PartialIndex& index : partial_indexes) {
        looks +=
            fmt::format("{}SELECT '{}' WHERE NOT EXISTS (SELECT 1 {})",
                        looks.empty() ? "" : " UNION ALL ", index.name, of(index, "IS NOT NULL"));
    }
    return sql.value(looks + " LIMIT 1");
}

Result<void> remake_index(sql::PostgresqlConnection& sql, const std::string& name) {
    const auto* index = std::ranges::find(partial_indexes, name, &PartialIndex::name);
    CHECK(index != partial_indexes.end());
    // `deliveries` comes first, as everywhere.
    POSTRIDER_TRY(
        sql.execute(fmt::format("LOCK TABLE ONLY deliveries, ONLY {}", index->table).c_str()));
    POSTRIDER_ASSIGN(
        const auto old,
        sql.value("SELECT string_agg(indexrelid::regclass::text, ', ') " + of(*index, "IS NULL")));
    if (old) POSTRIDER_TRY(sql.execute(("DROP INDEX " + *old).c_str()));
    return sql.execute(fmt::format("CREATE INDEX {} ON {} ({}) WHERE {}", index->name, index->table,
                                   index->columns, index->condition)
                           .c_str());
}

}  // namespace postrider::store
